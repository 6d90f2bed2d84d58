"""The REST API as the command line sees it: typed answers, and the controller's errors as our own."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import ValidationError

from controller.cli.failure_calls import FailureCalls
from controller.domain import errors
from controller.domain.errors import FarmError, InvalidInputError, NotFoundError, ServerError
from controller.planning.question import NOTHING_ELSE, Question
from controller.services.answers.forecast_shapes import ForecastShape, NumbersAnswer
from controller.services.answers.plan_shapes import BatchPlan, PlanAnswer, PlanDifference
from controller.services.answers.shape import Shape
from controller.services.answers.shapes import (
    BatchSummary,
    BatchView,
    ChannelShape,
    FarmView,
    JobSummary,
    JobView,
    LogLines,
    MovePreview,
    PauseShape,
    PoolShape,
    PromotionShape,
    PushAnswer,
    PushShape,
    QueuedJob,
    SnapshotShape,
    WorkerShape,
)
from controller.services.answers.upstream_shapes import UpstreamView
from controller.services.answers.why_shapes import WhyAnswer

S = TypeVar("S", bound=Shape)

_KINDS: Mapping[str, type[FarmError]] = {
    kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FarmError)
}
_IDS = {
    "batch": ("[Bb]-[0-9]{1,18}", "B-7", "farm batch list"),
    "job": ("[Jj]-[0-9]{1,18}", "J-41", "farm batch view B-7"),
    "move": ("[A-Za-z0-9/_-]+@[0-9]{1,9}", "stable@4", "farm promotion list"),
}
_CONNECT, _PATIENCE = 10.0, 600.0
"""Seconds. A push is read and planned before it is answered, and a large tree takes its time."""


class Client(FailureCalls):
    """One controller. Every call raises a FarmError with what, why and the next step."""

    def __init__(self, url: str, token: str = "", transport: httpx2.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = url.rstrip("/")
        timeout = httpx2.Timeout(_PATIENCE, connect=_CONNECT)
        self._http = httpx2.Client(base_url=_address(self.url), headers=headers, timeout=timeout, transport=transport)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def absolute(self, path: str) -> str:
        """An address as the controller gave it, in full."""
        return f"{self.url}{path}" if path.startswith("/") else path

    def farm(self) -> FarmView:
        """The farm at a glance."""
        return self._one(FarmView, "/api/v1/farm")

    def push(
        self, tree: str, rev: str | None, summary: str | None, who: str, priority: str = "normal", *,
        at_once: bool = False,
    ) -> PushAnswer:  # fmt: skip
        """Push a tree: the controller reads and plans before it answers, unless it waits for more pushes."""
        body = {"tree": tree, "rev": rev, "summary": summary, "who": who, "priority": priority, "at_once": at_once}
        return self._read(PushAnswer, self._send("POST", "/api/v1/changes", json=body))

    def pushes(self) -> list[PushShape]:
        """Pushes that wait for more of their branch. An older controller has none."""
        try:
            return self._many(PushShape, "/api/v1/pushes")
        except NotFoundError:
            return []

    def plan(self, tree: str, rev: str | None, question: Question = NOTHING_ELSE) -> PlanAnswer:
        """What a push would do, or what a question about it is answered with."""
        asked = {
            "tree": tree, "rev": rev, "since": question.since, "policy": question.scope,
            "supposed": [f"{name}={version}" for name, version in question.supposed],
            "channel": question.channel,
            "pins": [f"{key}={','.join(values)}" for key, values in question.pins],
            "migrations": [{"name": name, "text": text} for name, text in question.migrations],
        }  # fmt: skip
        return self._read(PlanAnswer, self._send("POST", "/api/v1/plans", json=asked))

    def batches(self, limit: int = 50, state: str = "") -> list[BatchSummary]:
        """Batches, newest first."""
        return self._many(BatchSummary, "/api/v1/batches", limit=limit, **({"state": state} if state else {}))

    def batch(self, batch: str) -> BatchView:
        """One batch, whole."""
        return self._one(BatchView, f"/api/v1/batches/{_id('batch', batch)}")

    def batch_plan(self, batch: str, revision: int | None = None) -> BatchPlan:
        """What a batch does about every output, as it stands or as it stood."""
        which = {} if revision is None else {"revision": revision}
        return self._one(BatchPlan, f"/api/v1/batches/{_id('batch', batch)}/plan", **which)

    def why(self, batch: str, name: str) -> WhyAnswer:
        """What a batch does about a package, and why."""
        return self._one(WhyAnswer, f"/api/v1/batches/{_id('batch', batch)}/why/{quote(name, safe='')}")

    def plan_difference(self, before: str, after: str) -> PlanDifference:
        """How the plans of two batches differ, or of one before and after it was decided again."""
        return self._one(PlanDifference, "/api/v1/differences", before=before, after=after)

    def forecast(self, batch: str) -> ForecastShape:
        """What is left of a batch, and how long that takes."""
        return self._one(ForecastShape, f"/api/v1/batches/{_id('batch', batch)}/forecast")

    def numbers(self, batch: str) -> NumbersAnswer:
        """The build numbers that a batch was given, as edits of its recipes."""
        return self._read(NumbersAnswer, self._send("POST", f"/api/v1/batches/{_id('batch', batch)}/numbers", json={}))

    def promote(self, batch: str, *, to: str, who: str, why: str, dry_run: bool) -> MovePreview:
        """Promote, or say what promoting would do."""
        return self._move(
            f"/api/v1/batches/{_id('batch', batch)}/promotions", {"to": to, "who": who, "why": why}, dry_run=dry_run
        )

    def restore(self, promotion: str, *, who: str, why: str, dry_run: bool) -> MovePreview:
        """Take a promotion back, or say what that would do."""
        return self._move(
            f"/api/v1/promotions/{_id('move', promotion)}/restore", {"who": who, "why": why}, dry_run=dry_run
        )

    def act(self, batch: str, act: str, *, who: str, why: str) -> BatchSummary:
        """``release`` or ``cancel`` a batch."""
        body = {"who": who, "why": why}
        return self._read(BatchSummary, self._send("POST", f"/api/v1/batches/{_id('batch', batch)}/{act}", json=body))

    def bump(self, batch: str, priority: str, *, who: str, why: str) -> BatchSummary:
        """Give a batch another priority."""
        body = {"priority": priority, "who": who, "why": why}
        return self._read(BatchSummary, self._send("POST", f"/api/v1/batches/{_id('batch', batch)}/bump", json=body))

    def job(self, job: str) -> JobView:
        """One job, whole."""
        return self._one(JobView, f"/api/v1/jobs/{_id('job', job)}")

    def retry(self, job: str, *, who: str) -> JobSummary:
        """Try a broken job again."""
        return self._read(JobSummary, self._send("POST", f"/api/v1/jobs/{_id('job', job)}/retry", json={"who": who}))

    def log(self, job: str, attempt: int | None = None, first: int = 1, count: int = 1000) -> LogLines:
        """A stretch of a job's log."""
        which = {"attempt": attempt} if attempt else {}
        return self._one(LogLines, f"/api/v1/jobs/{_id('job', job)}/log", first=first, count=count, **which)

    def workers(self) -> list[WorkerShape]:
        """Every worker known."""
        return self._many(WorkerShape, "/api/v1/workers")

    def resume_worker(self, worker: str, *, who: str, why: str) -> WorkerShape:
        """Give a drained worker work again."""
        path = f"/api/v1/workers/{quote(worker, safe='')}/resume"
        return self._read(WorkerShape, self._send("POST", path, json={"who": who, "why": why}))

    def pauses(self) -> list[PauseShape]:
        """All that is paused, the oldest first."""
        return self._many(PauseShape, "/api/v1/pauses")

    def pause(self, kind: str, name: str, *, who: str, why: str, end: Mapping[str, Any]) -> PauseShape:
        """Start nothing more of it; ``end`` holds ``until`` or ``seconds``, or nothing."""
        body = {"kind": kind, "name": name, "who": who, "why": why, **end}
        return self._read(PauseShape, self._send("POST", "/api/v1/pauses", json=body))

    def resume(self, kind: str, name: str, *, who: str, why: str) -> None:
        """Let it go on."""
        self._send("POST", "/api/v1/pauses/resume", json={"kind": kind, "name": name, "who": who, "why": why})

    def pools(self) -> list[PoolShape]:
        """Every pool that a worker serves or a job waits for."""
        return self._many(PoolShape, "/api/v1/pools")

    def queue(self) -> list[QueuedJob]:
        """Ready jobs in the order they will start."""
        return self._many(QueuedJob, "/api/v1/queue")

    def channels(self) -> list[ChannelShape]:
        """Every channel."""
        return self._many(ChannelShape, "/api/v1/channels")

    def snapshots(self, channel: str) -> list[SnapshotShape]:
        """A channel's snapshots, newest first."""
        return self._many(SnapshotShape, f"/api/v1/channels/{quote(channel)}/snapshots")

    def promotions(self) -> list[PromotionShape]:
        """The last moves of testing and stable."""
        return self._many(PromotionShape, "/api/v1/promotions")

    def upstream(self) -> UpstreamView:
        """Every watched channel, and what moved lately."""
        return self._one(UpstreamView, "/api/v1/upstream")

    def check_upstream(self, *, now: bool) -> UpstreamView:
        """Look at the channels that are due, or ``now`` at all of them."""
        answer = self._send("POST", "/api/v1/upstream/check", params={"now": str(now).lower()})
        return self._read(UpstreamView, answer)

    def _move(self, path: str, body: dict[str, str], *, dry_run: bool) -> MovePreview:
        answer = self._send("POST", path, json=body, params={"dry_run": str(dry_run).lower()})
        return self._read(MovePreview, answer)

    def _one(self, shape: type[S], path: str, **params: Any) -> S:
        return self._read(shape, self._send("GET", path, params=params))

    def _many(self, shape: type[S], path: str, **params: Any) -> list[S]:
        answer = self._send("GET", path, params=params)
        items = answer.get("items") if isinstance(answer, dict) else None
        if not isinstance(items, list):
            raise self._not_understood("no list")
        return [self._read(shape, item) for item in items]

    def _read(self, shape: type[S], answer: Any) -> S:
        try:
            return shape.model_validate(answer)
        except ValidationError as error:
            raise self._not_understood(f"no {shape.__name__}") from error

    def _send(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = self._http.request(method, path, **more)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ServerError(
                f"The controller at {self.url} does not answer: {error}.",
                remedy="Is `farm up` running? Name another with --server or FARM_SERVER.",
            ) from error
        if answer.is_error:
            raise _error_of(answer)
        try:
            return answer.json()
        except ValueError as error:
            raise self._not_understood("no JSON") from error

    def _not_understood(self, what: str) -> ServerError:
        return ServerError(
            f"What {self.url} answered is {what}.", remedy="Is it a controller, and of a version like this command's?"
        )


def _id(what: str, text: str) -> str:
    """An id that cannot lead to another path. Raises InvalidInputError, with one that could be."""
    pattern, like, where = _IDS[what]
    if not re.fullmatch(pattern, text):
        raise InvalidInputError(f"'{text}' is no id of a {what}.", remedy=f"It looks as {like}: see `{where}`.")
    return text


def _address(url: str) -> httpx2.URL:
    try:
        address = httpx2.URL(url)
    except httpx2.InvalidURL:
        address = httpx2.URL("")
    if address.scheme not in {"http", "https"} or not address.host:
        raise InvalidInputError(
            f"'{url}' is no address of a controller.", remedy="Name it in full, as http://127.0.0.1:8440."
        )
    return address


def _error_of(answer: httpx2.Response) -> FarmError:
    """The controller's error as ours; of what is no problem document, the status is all there is to say."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return ServerError(f"The controller answered {answer.status_code}.", remedy="Its log says more.")
    kind = _KINDS.get(str(said.get("code", "")), ServerError)
    what = said.get("detail") or said.get("title") or f"The controller answered {answer.status_code}."
    return kind(str(what), remedy=str(said.get("remedy", "")))
