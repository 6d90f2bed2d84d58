"""Leading the loop: take the lead, keep it, and have every transaction of the loop fenced by its epoch.

A leader that was paused for longer than its lease may go on in the middle of anything. What it wrote is asked for its
epoch last of all before it commits, under a lock that keeps everybody else from taking over until it has.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

from controller.services.farm import Farm
from controller.storage import events, leadership
from controller.storage.database import Database, Session

_PAUSED_SECONDS = 60.0
"""A transaction of the loop that says nothing for so long is ended by the server; none is busy elsewhere so long."""


class DeposedError(Exception):
    """This loop leads no more: its lease ran out, or another one leads. Nothing was written."""


def seek(farm: Farm) -> int | None:
    """Take the lead if nobody has it. Answers the epoch, or None."""
    with farm.reading() as session:
        known = leadership.find(session)
        if known is not None and known.until > farm.database.clock(session):
            return None
    with farm.database.writing() as session:
        now = farm.database.clock(session)
        epoch = leadership.take(session, farm.process, now, farm.rules.leader_seconds)
        if epoch is not None:
            events.note(session, farm.now(), "loop.led", by=farm.process, epoch=epoch)
        return epoch


def led(farm: Farm, epoch: int) -> Farm:
    """The Farm for the loop's own steps: once it leads no more, each of its transactions is refused (DeposedError)."""
    return replace(farm, fence=partial(_fenced, farm.database, epoch))


def check(farm: Farm, epoch: int) -> datetime:
    """The instant by the database at which this epoch still leads. Raises DeposedError."""
    with farm.reading() as session:
        now = farm.database.clock(session)
        if not leadership.holds(session, epoch, now):
            raise DeposedError(f"epoch {epoch} is over")
        return now


def keep(farm: Farm, epoch: int, ticked_at: datetime) -> None:
    """Renew the lease. Raises DeposedError."""
    with farm.database.writing() as session:
        now = farm.database.clock(session)
        if not leadership.keep(session, epoch, now, farm.rules.leader_seconds, ticked_at):
            raise DeposedError(f"epoch {epoch} is over")


def give_up(farm: Farm, epoch: int) -> None:
    """Let another one lead at once."""
    with farm.database.writing() as session:
        leadership.give_up(session, epoch, farm.database.clock(session))


@contextmanager
def _fenced(database: Database, epoch: int, session: Session) -> Iterator[None]:
    leadership.end_when_paused(session, _PAUSED_SECONDS)
    yield
    session.flush()  # what waits for rows waits before the question, not after it
    if not leadership.holds(session, epoch, database.clock(session), lock=True):
        raise DeposedError(f"epoch {epoch} is over")
