"""``python -m tests.simulate.mutants``: the farm broken on purpose, to see that histories find it, and how soon.

A simulation that has never failed proves nothing. Each mutant takes out one guard of the real code.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from sqlalchemy import or_, update
from sqlmodel import col, select

from controller.domain.jobs import JobState
from controller.planning import subset
from controller.services import channels, gathering, intake, leases, promotion, reconcile, requests, results
from controller.services.farm import Farm
from controller.storage import claims, jobs, leadership
from controller.storage.jobs import AttemptRow, JobRow
from controller.storage.pushes import PushRow
from tests.simulate import stage
from tests.simulate.history import Asked, run
from tests.simulate.points import SimulatedBlobs
from tests.simulate.workers import Worker


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _end_without_fence(session, attempt, to, now, **values) -> bool:
    done = session.exec(
        update(AttemptRow).where(col(AttemptRow.id) == attempt.id).values(state=to.value, ended_at=now, **values)
        .execution_options(synchronize_session="fetch")
    )  # fmt: skip
    return done.rowcount == 1


def _lose_instead(farm) -> None:
    reconcile.lose_lapsed(farm, farm.database_time())


def _by_its_own_clock(self, _session):
    return self.now() + timedelta(seconds=self.rules.lease_seconds)


def _kept_nowhere(farm, change, _priority, seconds):
    return PushRow(
        id=1, key=change.key, tree=change.tree, commit=change.commit, seconds=seconds, at=farm.now(), due_at=farm.now()
    )


class _StillLeased:
    """An attempt that seems to be leased whatever became of it."""

    state = "leased"

    def __init__(self, row: AttemptRow) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


def _holder_of_any(*given: Any, **more: Any) -> Any:
    row, job = _HOLDER(*given, **more)
    return _StillLeased(row), job


_HOLDER = leases.holder_and_job


def _claim_running_too(session, pools, now, _wishes=None):
    best = (
        select(JobRow.id)
        .where(or_(JobRow.state == JobState.READY.value, JobRow.state == JobState.RUNNING.value))
        .where(col(JobRow.pool).in_(pools)).order_by(col(JobRow.rank)).limit(1).scalar_subquery()
    )  # fmt: skip
    taken = session.exec(
        update(JobRow).where(col(JobRow.id) == best)
        .values(state=JobState.RUNNING.value, attempts=JobRow.attempts + 1, started_at=now, phase="")
        .returning(col(JobRow.id))
    ).first()  # fmt: skip
    return session.get(JobRow, taken[0], populate_existing=True) if taken else None


def _rest_for_a_bell(self: Worker) -> None:
    self.history.broker.resting.append(self)
    self.history.broker.deliver()
    self._sleep(0.0 if self not in self.history.broker.resting else float("inf"))


def _cancel_without_stopping(farm, session, job, why) -> None:
    requests.move(farm, session, job, requests.JobEvent.CANCEL, message=why)


def _promote_half(farm, session, channel, rows, **more):
    return _PUBLISH(farm, session, channel, rows[:-1] if channel == "stable" else rows, **more)


_PUBLISH = channels.publish


def _put_sometimes(self, data: bytes) -> str:
    import hashlib

    sha256 = hashlib.sha256(data).hexdigest()
    return sha256 if len(data) % 3 == 0 else _PUT(self, data)


_PUT = SimulatedBlobs.put_bytes


def _count_down_twice(session, parent_id, now, *, held=False):
    _COUNT(session, parent_id, now, held=True)
    return _COUNT(session, parent_id, now, held=held)


_COUNT = jobs.count_down


Patch = tuple[object, str, Any]
MUTANTS: Mapping[str, tuple[Patch, ...]] = {
    "a report is taken without its fence": (
        (jobs, "end_attempt", _end_without_fence), (results, "holder_and_job", _holder_of_any),
    ),
    "a running job is granted again": ((claims, "claim", _claim_running_too),),
    "lapsed leases are never lost": ((reconcile, "lose_lapsed", _nothing),),
    "a lease counts by the clock of whoever grants it": ((Farm, "lease_end", _by_its_own_clock),),
    "the farm's own absence is not forgiven": ((reconcile, "forgive_absence", _lose_instead),),
    "a worker that hangs is left alone": (
        (reconcile, "STEPS", tuple(step for step in reconcile.STEPS if step[1] is not reconcile.lose_overdue)),
    ),
    "a bell is taken for the truth": (
        (Worker, "_rest", _rest_for_a_bell),
        (reconcile, "STEPS", tuple(step for step in reconcile.STEPS if step[1] is not reconcile.ring_bells)),
    ),
    "published before it is tested": ((subset._Sieve, "_by_their_own_jobs", _nothing),),
    "a test's verdict is not kept": ((results, "_mark_tested", _nothing),),
    "a cancelled job keeps its lease": ((requests, "_cancel_job", _cancel_without_stopping),),
    "what is held back can be retried": ((requests, "_refuse_blocked", _nothing),),
    "a promotion leaves a file behind": ((promotion.channels, "publish", _promote_half),),
    "an index file is named and not written": ((SimulatedBlobs, "put_bytes", _put_sometimes),),
    "a parent counts twice": ((jobs, "count_down", _count_down_twice),),
    "a push that waits is forgotten": ((gathering, "keep", _kept_nowhere),),
    "a push is not looked up": ((intake, "_known", _nothing),),
    "a leader writes whatever became of its epoch": ((leadership, "holds", lambda *_, **__: True),),
    "finished batches are not settled": (
        (reconcile, "STEPS", tuple(step for step in reconcile.STEPS if step[1] is not reconcile.settle_finished)),
    ),
}  # fmt: skip


def find(name: str, most: int, first: int = 0) -> tuple[int, str] | None:
    """After how many seeds a mutant was found, and what was said of it; None if it lives."""
    with ExitStack() as stack:
        for where, what, instead in MUTANTS[name]:
            stack.enter_context(patch.object(where, what, instead))
        for played in range(1, most + 1):
            ran = run(Asked(first + played - 1))
            if ran.broken:
                return played, ran.broken[0]
    return None


def main() -> int:
    """The number of mutants that live is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulate.mutants", description=__doc__)
    parser.add_argument("--seeds", type=int, default=60, help="how many to try for each")
    given = parser.parse_args()
    alive = 0
    try:
        for number in range(6):
            stage.stage(number)  # made by sound code
        for name in MUTANTS:
            began, found = time.monotonic(), find(name, given.seeds)
            alive += found is None
            said = f"seed {found[0]}: {found[1][:110]}" if found else f"lives after {given.seeds} seeds"
            print(f"{name:45} {said} ({time.monotonic() - began:.0f} s)", flush=True)
    finally:
        stage.clean()
    return alive


if __name__ == "__main__":
    sys.exit(main())
