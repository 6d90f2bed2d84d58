"""The claim: one guarded UPDATE a pool over the index ``job_claim``, the same on both databases.

On Postgres the inner SELECT skips rows that another claim holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import String, and_, cast, exists, func, literal, not_, or_, true, union_all, update
from sqlmodel import Session, col, select

from controller.domain.jobs import JobState
from controller.domain.pauses import PauseKind
from controller.storage.jobs import JobRow, of_recipes
from controller.storage.needs import NeedsRow
from controller.storage.pauses import PauseRow


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a claim minds besides the pool: who asks, and whether others work on that machine.

    ``since``: what has been ready for longer gives its wishes up, so that nothing waits for ever.
    """

    worker: str = ""
    beside: bool = False
    since: datetime | None = None
    paused: frozenset[str] = frozenset()
    """Recipes of which nothing is to start, however long it has been ready."""
    needs: tuple[int, ...] = (0,)
    """Numbers of what the worker's machine can give; this is never given up."""

    def allow(self) -> Any:
        """The condition on a job."""
        return and_(col(JobRow.needs_id).in_(self.needs), self._company())

    def _company(self) -> Any:
        mine = or_(col(JobRow.avoid) == "", col(JobRow.avoid) != self.worker)
        alone = ~col(JobRow.alone) if self.beside else true()
        wished = and_(mine, alone)
        if self.since is not None:
            wished = or_(wished, col(JobRow.ready_at) < self.since)
        return and_(wished, not_(of_recipes(self.paused))) if self.paused else wished


NO_WISHES = Wishes()
_ALONE, _NEEDS = "any alone", "how many needs"
_CONDITIONS = union_all(
    select(PauseRow.kind, PauseRow.name).where(
        col(PauseRow.ended_at).is_(None), PauseRow.kind != PauseKind.BATCH.value
    ),
    select(literal(_ALONE), literal("")).where(
        exists().where(col(JobRow.alone), col(JobRow.state).in_((JobState.READY.value, JobState.RUNNING.value)))
    ),
    select(literal(_NEEDS), cast(func.count(col(NeedsRow.id)), String)),
)


class Conditions(NamedTuple):
    """What every claim minds, read at once."""

    pools: frozenset[str]
    """Paused."""
    recipes: frozenset[str]
    """Paused, as folders: in whichever of a farm's trees."""
    alone: bool
    """Whether any job that is to have a machine of its own could start, or runs."""
    needs: int
    """How many different needs there are; none is ever changed or goes."""


def conditions(session: Session) -> Conditions:
    """One question for three small answers: each way to the server and back costs more than what it brings."""
    found: dict[str, set[str]] = {}
    for kind, name in session.connection().execute(_CONDITIONS):
        found.setdefault(kind, set()).add(name)
    pools, recipes = (frozenset(found.get(kind.value, ())) for kind in (PauseKind.POOL, PauseKind.RECIPE))
    return Conditions(pools, recipes, _ALONE in found, int(found[_NEEDS].pop()))


def claim(session: Session, pools: Sequence[str], now: datetime, wishes: Wishes = NO_WISHES) -> JobRow | None:
    """Take the best ready job of these pools: one statement a pool, never the same job twice.

    The pool whose first job is best is asked first: over several pools at once no index is in order.
    """
    for pool in _best_first(session, pools, wishes) if len(pools) > 1 else pools:
        taken = _take(session, pool, now, wishes)
        if taken is not None:
            return taken
    return None


def _best_first(session: Session, pools: Sequence[str], wishes: Wishes) -> list[str]:
    heads = {
        pool: session.exec(
            select(JobRow.rank, JobRow.id)
            .where(JobRow.state == JobState.READY.value, JobRow.pool == pool, wishes.allow())
            .order_by(col(JobRow.rank), col(JobRow.id))
            .limit(1)
        ).first()
        for pool in dict.fromkeys(pools)
    }
    known = [(head[0], head[1] or 0, pool) for pool, head in heads.items() if head is not None]
    return [pool for *_, pool in sorted(known)]


def _take(session: Session, pool: str, now: datetime, wishes: Wishes) -> JobRow | None:
    best = (
        select(JobRow.id)
        .where(JobRow.state == JobState.READY.value, JobRow.pool == pool, wishes.allow())
        .order_by(col(JobRow.rank), col(JobRow.id))
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return session.scalars(
        update(JobRow)
        .where(col(JobRow.id) == best, col(JobRow.state) == JobState.READY.value)
        .values(state=JobState.RUNNING.value, attempts=JobRow.attempts + 1, started_at=now, phase="")
        .returning(JobRow)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).first()
