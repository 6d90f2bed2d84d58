"""Builds that failed for real are not run again with the same inputs for some days.

The inputs are the recipe as it is sent, its variants, the platforms, the files of the batch that it is to be built
with, and those in ``testing`` that its build and host sections name. What other channels hold is not among them, and
so unsolvable environments are never remembered.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from controller.domain.channels import TESTING
from controller.domain.errors import NotFoundError
from controller.domain.failures import REAL, Decision
from controller.domain.jobs import JobEvent, JobKind, JobState
from controller.domain.recipes import Output, Section
from controller.services import excusing
from controller.services.consequences import move
from controller.services.failing import Ended
from controller.services.farm import Farm
from controller.storage import batches, channels, events, jobs
from controller.storage import known_failures as stored
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from controller.storage.known_failures import KnownFailureRow
from controller.storage.tables import from_json
from workers.contract.reports import Outcome

_MADE_OF = ("recipe", "source_sha256", "recipe_file", "variant_config", "translations", "target_platform",
            "build_platform")  # fmt: skip


class KnownFailureError(Exception):
    """What was about to be claimed is known to fail."""

    def __init__(self, job: int) -> None:
        super().__init__(job)
        self.job = job


def inputs_of(session: Session, job: JobRow) -> str:
    """The digest of what a build is made of."""
    order: dict[str, Any] = job.order
    made = {field: order.get(field) for field in _MADE_OF}
    parents = sorted((parent["section"], parent["file_name"]) for parent in order.get("parents", ()))
    document = [made, parents, _beside(session, job), job.stage]
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _beside(session: Session, job: JobRow) -> list[str]:
    """The files in ``testing`` of what its build and host sections name."""
    outputs: list[Output] = [from_json(Output, data) for data in job.outputs]
    sections = (Section.BUILD, Section.HOST)
    names = {needed.name for output in outputs for section in sections for needed in output.in_section(section)}
    own = {output.name for output in outputs}
    return channels.files_named(session, TESTING, sorted(names - own))


def refuse_known(farm: Farm, session: Session, job: JobRow) -> None:
    """Keep a claimed build's inputs. Raises KnownFailureError for one that would only fail again."""
    if job.kind != JobKind.BUILD or not farm.rules.known_failure_days:
        return
    believed = stored.keep_inputs(session, job, inputs_of(session, job), farm.now())
    if believed and not job.forced:
        raise KnownFailureError(job.id or 0)


def end(farm: Farm, number: int) -> None:
    """End a job that is known to fail, and count that it was spared."""
    with farm.transaction() as session:
        batches.lock_batch(session, jobs.batch_of(session, number))
        job = jobs.job_by_number(session, number)
        inputs = inputs_of(session, job)
        known = stored.find(session, inputs, farm.now())
        if known is None or job.forced or job.state != JobState.READY:
            return
        known.spared += 1
        session.add(known)
        judged = excusing.of_known_failure(farm, job)
        values = judged.values() | {"message": _why(known), "failure": known.failure, "inputs": inputs}
        move(farm, session, job, judged.event or JobEvent.KNOWN_FAILURE, outcome=Outcome.FAILED.value, **values)
        excusing.keep(farm, session, job, judged)


def _why(known: KnownFailureRow) -> str:
    line = f": {known.line}" if known.line else ""
    return (
        f"not run: with the same inputs {known.job} failed on {known.at:%Y-%m-%d} ({known.failure}){line}; "
        f"believed until {known.until:%Y-%m-%d}, `farm job retry` runs it all the same"
    )


def remember(farm: Farm, session: Session, job: JobRow, decision: Decision, ended: Ended) -> None:
    """Keep a real failure of a build for some days."""
    real = ended.outcome is Outcome.FAILED and decision.failure in REAL
    if job.kind != JobKind.BUILD or not job.inputs or not real or not farm.rules.known_failure_days:
        return
    now = farm.now()
    stored.forget_old(session, now)
    line = str(ended.failing[0]["text"]) if ended.failing else ended.message.split("\n", 1)[0]
    row = KnownFailureRow(
        inputs=job.inputs, recipe=job.recipe, name=job.name, subdir=job.subdir, failure=decision.failure.value,
        line=line[:300], job=job.public, at=now, until=now + timedelta(days=farm.rules.known_failure_days),
    )  # fmt: skip
    stored.remember(session, row)


def passed(session: Session, job: JobRow) -> None:
    """What was built after all is no known failure."""
    if job.inputs:
        stored.forget_inputs(session, job.inputs)


def known(farm: Farm) -> Sequence[KnownFailureRow]:
    """All that are believed now, newest first."""
    with farm.reading() as session:
        return stored.believed(session, farm.now())


def forget(farm: Farm, named: str, *, who: str, why: str = "") -> int:
    """Forget failures by job, recipe, package or digest; answers how many. Raises NotFoundError where none is meant."""
    with farm.transaction() as session:
        number = stored.forget(session, named)
        if not number:
            raise NotFoundError(f"No failure of '{named}' is remembered.", remedy="See `farm failures list`.")
        events.note(session, farm.now(), "failures.forgotten", named=named, number=number, who=who, why=why)
        return number
