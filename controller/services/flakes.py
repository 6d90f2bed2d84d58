"""Tests that failed and passed when they were repeated alone: on the same file, so what failed comes and goes."""

from collections.abc import Sequence

from controller.domain.failures import FailureClass, NextAct
from controller.domain.jobs import JobKind
from controller.services import cases, quarantining
from controller.services.farm import Farm
from controller.storage import cases as stored
from controller.storage import flakes, jobs
from controller.storage.cases import CaseRow
from controller.storage.database import Session
from controller.storage.flakes import FlakeRow
from controller.storage.jobs import AttemptRow, JobRow
from workers.contract.reports import Outcome, Report

_SHOWN = 500


def count(farm: Farm, session: Session, job: JobRow, attempt: AttemptRow, said: Report) -> None:
    """Count a test of a file that ended, and its cases; what comes and goes too often is quarantined.

    A retest is none: what it is installed with may have moved meanwhile.
    """
    if job.kind != JobKind.TEST:
        return
    before = suspected(session, job, attempt)
    row = FlakeRow(recipe=job.recipe, name=job.name, subdir=job.subdir, runs=1, flakes=0)
    if before is not None and said.outcome is Outcome.PASSED:
        row.flakes, row.recent_flakes, row.job, row.at = 1, 1, job.public, farm.now()
        row.line = str(job.failing[0]["text"])[:300] if job.failing else before.message.split("\n", 1)[0][:300]
    run = cases.run_of(flakes.count(session, row), said, before)
    cases.count(farm, session, job, run)
    quarantining.follow(farm, session, job, run)


def suspected(session: Session, job: JobRow, attempt: AttemptRow) -> AttemptRow | None:
    """The try for whose failure this one was repeated alone."""
    earlier = [row for row in jobs.attempts_of(session, job.id or 0) if job.tried < row.lease < attempt.lease]
    suspect = (FailureClass.TEST.value, NextAct.ALONE.value)
    return next((row for row in reversed(earlier) if (row.failure, row.act) == suspect), None)


def seen(farm: Farm) -> Sequence[FlakeRow]:
    """Tests that came and went, the most frequent first."""
    with farm.reading() as session:
        return flakes.seen(session)


def seen_cases(farm: Farm) -> Sequence[CaseRow]:
    """Cases that came and went, the most frequent first."""
    with farm.reading() as session:
        return stored.flaked(session, _SHOWN)
