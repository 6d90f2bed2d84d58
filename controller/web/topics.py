"""What an open page is sent when something happens: HTML by element id, rendered from the parts the page itself uses.

Of a fragment the outermost elements with an id count; rows stand in a table, since a browser reads them nowhere
else. The page's module replaces the element of that id; where there is none, an element with ``data-into`` is added
to the list of that id; an element with ``data-gone`` is taken away.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.domain.errors import InvalidInputError
from controller.services.answers import batches, jobs, logs, workers
from controller.services.answers import farm as glance
from controller.services.answers.idling import idle_list
from controller.services.answers.leader import leader
from controller.services.answers.shapes import EventShape, JobSummary
from controller.services.farm import Farm
from controller.web.rendering import render

MOST_JOBS = 200
"""Jobs that change at once before a page is told to load itself anew."""
STALE = '<p id="stale" class="stale">Much has happened since. <a href="">Load this page again</a></p>'

_BATCH, _JOB = re.compile(r"B-[0-9]{1,18}"), re.compile(r"J-[0-9]{1,18}")
_SMALL = ("job.state", "channel.moved", "flake.quarantined", "flake.released")
"""Kinds of events that change no more of a batch's page than what its fragments hold."""
Render = Callable[[Farm, Sequence[EventShape]], str]


@dataclass(frozen=True, slots=True)
class Topic:
    """What a page follows: how its fragments are made, and the batch whose events suffice, if one does."""

    render: Render
    batch: str | None = None


def topic_of(name: str) -> Topic:
    """``farm``, ``workers``, ``batch:B-7`` or ``job:J-9``. Raises InvalidInputError for any other."""
    kind, _, about = name.partition(":")
    if name in ("farm", "workers"):
        return Topic(_farm if name == "farm" else _workers)
    if kind == "batch" and _BATCH.fullmatch(about):
        return Topic(lambda farm, changes: _batch(farm, about, changes), about)
    if kind == "job" and _JOB.fullmatch(about):
        return Topic(lambda farm, changes: _job(farm, about, changes))
    raise InvalidInputError("There is no such stream.", remedy="One of farm, workers, batch:B-7, job:J-9.")


def _farm(farm: Farm, _changes: Sequence[EventShape]) -> str:
    return render(farm, "parts/live_farm.html", {"view": glance.farm_view(farm)})


def _workers(farm: Farm, _changes: Sequence[EventShape]) -> str:
    known = {
        "pools": workers.pool_list(farm), "workers": workers.worker_list(farm), "queue": jobs.queue(farm, 50),
        "leader": leader(farm), "idle": idle_list(farm),
    }  # fmt: skip
    return render(farm, "parts/live_workers.html", known)


def _batch(farm: Farm, batch: str, changes: Sequence[EventShape]) -> str:
    if any(change.kind not in _SMALL for change in changes):
        return STALE
    names = sorted({change.job for change in changes if change.job})
    if len(names) > MOST_JOBS:
        return STALE
    changed = jobs.job_lines(farm, names)
    values: dict[str, object] = {"jobs": changed, "view": None, "waves": {}, "said": ""}
    if any(_moved(change) for change in changes):
        values["view"] = batches.batch_summary(farm, batch)
        values["waves"] = batches.wave_counts(farm, batch, {job.wave for job in changed})
        values["said"] = _said(changed)
    return render(farm, "parts/live_batch.html", values)


def _moved(change: EventShape) -> bool:
    """Whether a job went to another state; a heartbeat's news of a phase moves no figure."""
    return change.data.get("state") != "running" or "worker" in change.data


def _said(changed: Sequence[JobSummary]) -> str:
    """``2 passed, 1 failed``: for those who hear the page and do not see it."""
    labels = [job.label for job in changed]
    return ", ".join(f"{labels.count(label)} {label}" for label in sorted(set(labels)))


def _job(farm: Farm, job: str, changes: Sequence[EventShape]) -> str:
    view = jobs.job_view(farm, job)
    near = {view.id} | {parent.id for parent in view.waits_for}
    if not any(change.job in near or change.kind == "worker.state" for change in changes):
        return ""
    return render(farm, "parts/live_job.html", {"job": view})


def log_fragment(farm: Farm, attempt: str, first: int) -> tuple[str, int, bool]:
    """New lines of a log from ``first`` on, the line to go on from, and whether the log has ended."""
    job, _, lease = attempt.partition(".")
    if not lease.isdigit():
        raise InvalidInputError("There is no such log.", remedy="An attempt looks like J-7.2.")
    log = logs.log_lines(farm, job, int(lease), first, 1_000)
    whole = log.lines if log.ended else log.lines[:-1]  # the last line may still be growing
    text = render(farm, "parts/live_log.html", {"lines": whole, "first": first, "ended": log.ended}) if whole else ""
    return text, first + len(whole), log.ended and first + len(whole) > log.total
