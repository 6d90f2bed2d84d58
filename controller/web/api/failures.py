"""Failures that are remembered, and workers that get no more work because of theirs."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AwareDatetime, Field

from controller.services import draining, known_failures, quarantining
from controller.services.answers import cases, failures, workers
from controller.services.answers.case_shapes import ExpectationShape, QuarantineShape, ReleasedAnswer
from controller.services.answers.failure_shapes import FlakeShape, ForgottenAnswer, KnownFailureShape
from controller.services.answers.shapes import WorkerShape
from controller.web.api.asked import Act, Items
from controller.web.asking import AskedFarm
from controller.web.guards import admin

router = APIRouter(tags=["failures"])

WorkerName = Annotated[str, Path(max_length=200, description="A worker, as `farm worker list` names it.")]


class Forget(Act):
    """Which failures to forget."""

    named: Annotated[str, Field(min_length=1, max_length=300, examples=["J-7", "numpy"])]
    """The job that failed, the recipe, the package, or the digest of the inputs."""


class LetGo(Act):
    """What is quarantined."""

    name: Annotated[str, Field(min_length=1, max_length=200, examples=["numpy"])]
    """The package."""
    case: Annotated[str, Field(max_length=2000, examples=["test_linalg::test_solve"])] = ""
    """One case; without it the test as a whole."""
    subdir: Annotated[str, Field(max_length=50, examples=["linux-64"])] = ""
    """Without it on all."""


class Hold(LetGo):
    """What is to be quarantined, and until when."""

    why: Annotated[str, Field(min_length=1, max_length=2000, description="Why, for the record.")]
    until: AwareDatetime | None = None
    """When it ends by itself; without it and ``seconds`` after the days that the settings say."""
    seconds: Annotated[float, Field(gt=0, le=10 * 365 * 86400)] | None = None
    """The same, from now."""


@router.get("/api/v1/failures")
def failure_list(farm: AskedFarm) -> Items[KnownFailureShape]:
    """Builds that are not run again with the same inputs, newest first."""
    return Items(items=tuple(failures.failure_list(farm)))


@router.get("/api/v1/flakes")
def flake_list(farm: AskedFarm) -> Items[FlakeShape]:
    """Tests, and cases of them, that failed and passed when repeated alone; the most frequent first."""
    return Items(items=tuple(failures.flake_list(farm)))


@router.get("/api/v1/expectations")
def expectation_list(farm: AskedFarm) -> Items[ExpectationShape]:
    """What trees expect to fail, and how it came out last; what passes now first."""
    return Items(items=tuple(cases.expectation_list(farm)))


@router.get("/api/v1/quarantines")
def quarantine_list(farm: AskedFarm) -> Items[QuarantineShape]:
    """Tests that are known to come and go, and whose failures break nothing for a while; the oldest first."""
    return Items(items=tuple(cases.quarantine_list(farm)))


@router.post("/api/v1/quarantines", dependencies=[Depends(admin)])
def quarantine_add(asked: Hold, farm: AskedFarm) -> QuarantineShape:
    """Quarantine a test, or a case of it. Again, it changes the author, the reason and the end."""
    ends = farm.now() + timedelta(seconds=asked.seconds) if asked.seconds else asked.until
    entry = quarantining.add(
        farm, asked.name, asked.case, subdir=asked.subdir, who=asked.who, why=asked.why, until=ends
    )
    return cases.quarantine_shape(entry)


@router.post("/api/v1/quarantines/release", dependencies=[Depends(admin)])
def quarantine_release(asked: LetGo, farm: AskedFarm) -> ReleasedAnswer:
    """End what is quarantined under this name; without a case all of it, without a subdir on all."""
    number = quarantining.release(farm, asked.name, asked.case, subdir=asked.subdir, who=asked.who, why=asked.why)
    return ReleasedAnswer(released=number)


@router.post("/api/v1/failures/forget", dependencies=[Depends(admin)])
def failure_forget(asked: Forget, farm: AskedFarm) -> ForgottenAnswer:
    """Let what failed be tried again."""
    number = known_failures.forget(farm, asked.named, who=asked.who, why=asked.why)
    return ForgottenAnswer(forgotten=number)


@router.post("/api/v1/workers/{worker}/resume", dependencies=[Depends(admin)])
def worker_resume(worker: WorkerName, act: Act, farm: AskedFarm) -> WorkerShape:
    """Give a drained worker work again."""
    draining.resume(farm, worker, who=act.who, why=act.why)
    return workers.one_worker(farm, worker)
