"""Pause and resume: a batch, a recipe in all batches, or a pool gets nothing started until a person or an end says so.

What runs goes on. A paused batch is held, so that its jobs are none of those that a claim looks at, however many
there are; recipes and pools are few, and the claim leaves them out by name.
"""

from contextlib import suppress
from datetime import datetime

from controller.domain.batches import BatchEvent, BatchState
from controller.domain.errors import IllegalMoveError, InvalidInputError, NotFoundError
from controller.domain.pauses import Pause, PauseKind
from controller.planning.durations import folder_of
from controller.services.farm import Farm
from controller.services.one_by_one import one_by_one
from controller.services.requests import let_run, move_batch
from controller.storage import batches, events, jobs, pauses
from controller.storage.database import Session
from controller.storage.pauses import PauseRow
from workers.contract.platforms import is_pool


def pause(farm: Farm, kind: PauseKind, name: str, *, who: str, why: str = "", until: datetime | None = None) -> Pause:
    """Keep it from starting anything. A pause that stands already gets this reason and end, and its author.

    Raises InvalidInputError for an end that is past and for what cannot be a pool, NotFoundError for a batch that is
    none, IllegalMoveError for one that does not run, BusyError where somebody does the same at this moment.
    """
    if until is not None and until <= farm.now():
        raise InvalidInputError(f"The end {until:%Y-%m-%d %H:%M} UTC is past.", remedy="Name one that is to come.")
    with farm.transaction() as session:
        name = _hold(farm, session, name) if kind is PauseKind.BATCH else _named(kind, name)
        row = pauses.find_open(session, kind, name) or PauseRow(kind=kind.value, name=name, since=farm.now())
        row.author, row.reason, row.until = who, why, until
        pauses.begin(session, row)
        ends = until.isoformat() if until else ""
        batch = name if kind is PauseKind.BATCH else ""
        events.note(
            session, farm.now(), "paused", batch=batch, what=kind.value, name=name, who=who, why=why, until=ends
        )
        return row.value()


def _named(kind: PauseKind, name: str) -> str:
    """A recipe by its folder, whichever tree it was seen from."""
    if kind is PauseKind.POOL and not is_pool(name):
        raise InvalidInputError(f"'{name}' is no pool.", remedy="Pools look like linux-64; see `farm pool list`.")
    return folder_of(name) if kind is PauseKind.RECIPE else name


def _hold(farm: Farm, session: Session, batch: str) -> str:
    row = batches.find_batch(session, batch, lock=True)
    if pauses.find_open(session, PauseKind.BATCH, row.name):
        return row.name
    if row.state == BatchState.HELD:
        raise IllegalMoveError(
            f"{row.name} is held already, for its size.", remedy="It starts nothing until a person releases it."
        )
    move_batch(farm, session, row, BatchEvent.HOLD)
    for number in jobs.hold_ready(session, row.id or 0):
        events.note(session, farm.now(), "job.state", batch=row.name, job=f"J-{number}", state="waiting")
    return row.name


def resume(farm: Farm, kind: PauseKind, name: str, *, who: str, why: str = "") -> None:
    """End a pause. Raises NotFoundError where nothing of that name is paused."""
    with farm.transaction() as session:
        row = batches.find_batch(session, name, lock=True) if kind is PauseKind.BATCH else None
        known = pauses.find_open(session, kind, row.name if row else _named(kind, name))
        if known is None:
            raise NotFoundError(f"The {kind.value} {name} is not paused.", remedy="See `farm paused`.")
        if row is not None:
            let_run(farm, session, row)
        pauses.end(session, known, farm.now(), who)
        batch = known.name if row else ""
        events.note(session, farm.now(), "resumed", batch=batch, what=kind.value, name=known.name, who=who, why=why)


def end_due(farm: Farm) -> None:
    """Pauses whose time is over end by themselves."""
    with farm.reading() as session:
        due = [row.value() for row in pauses.open_pauses(session) if row.until and row.until <= farm.now()]
    one_by_one(due, lambda over: _end(farm, over))


def _end(farm: Farm, over: Pause) -> None:
    with suppress(NotFoundError):  # a person was first
        resume(farm, over.kind, over.name, who="farm", why="its time is over")


def paused(farm: Farm) -> list[Pause]:
    """All that is paused, the oldest first."""
    with farm.reading() as session:
        return [row.value() for row in pauses.open_pauses(session)]
