"""Pushes that wait for more of their branch, and those that became a batch together."""

from collections.abc import Iterable
from datetime import datetime

from controller.domain.push_words import not_planned, waits_for_more
from controller.services.answers.shapes import PushShape
from controller.services.farm import Farm
from controller.storage import pushes
from controller.storage.database import Session
from controller.storage.pushes import PushRow


def waiting(farm: Farm) -> tuple[PushShape, ...]:
    """The pushes whose batch is not opened yet, oldest first."""
    with farm.reading() as session:
        rows = pushes.waiting(session)
        return tuple(_shapes(rows, farm.database.clock(session) if rows else None))


def of_change(session: Session, change_id: int) -> tuple[PushShape, ...]:
    """The pushes that a change is made of."""
    return tuple(_shapes(pushes.of_changes(session, change_id), None))


def _shapes(rows: Iterable[PushRow], now: datetime | None) -> Iterable[PushShape]:
    for row in rows:
        said = "" if now is None else waits_for_more((row.due_at - now).total_seconds())
        yield PushShape(
            id=row.name, tree=row.tree, commit=row.commit, summary=row.summary, author=row.author, at=row.at,
            due_at=row.due_at, sentence=not_planned(row.note) if said and row.note else said,
        )  # fmt: skip
