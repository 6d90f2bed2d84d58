"""Pushes that waited for more of their branch, or still do: table and named queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import Field, Session, SQLModel, col, select

from controller.storage.batches import ChangeRow
from controller.storage.tables import instant, key


class PushRow(SQLModel, table=True):
    """One push, kept from the moment it is answered. ``change_id`` is the change that it became a part of."""

    __tablename__ = "push"

    id: int | None = key()
    key: str = Field(unique=True)
    """That of its change, were it alone."""
    tree: str
    commit: str
    summary: str = ""
    author: str = ""
    priority: str = "normal"
    seconds: float
    """The window that its tree asked for."""
    at: datetime = instant()
    due_at: datetime = instant()
    """When its batch is opened, by the database's clock as all instants here."""
    tries: int = 0
    note: str = ""
    """Why it could not be planned, the last time it was tried."""
    change_id: int | None = Field(default=None, foreign_key="change.id", index=True)

    @property
    def name(self) -> str:
        """The id people use."""
        return f"P-{self.id}"


def with_key(session: Session, push_key: str) -> PushRow | None:
    """The push that was recorded under this key, if it was."""
    return session.exec(select(PushRow).where(PushRow.key == push_key)).first()


def change_of(session: Session, push_key: str) -> ChangeRow | None:
    """The change that a push became a part of."""
    query = select(ChangeRow).join(PushRow, col(PushRow.change_id) == col(ChangeRow.id))
    return session.exec(query.where(PushRow.key == push_key)).first()


def waiting(session: Session, tree: str | None = None) -> list[PushRow]:
    """Pushes that wait, of one tree or of all, oldest first."""
    query = select(PushRow).where(col(PushRow.change_id).is_(None)).order_by(col(PushRow.id))
    return list(session.exec(query if tree is None else query.where(PushRow.tree == tree)).all())


def of_changes(session: Session, change_id: int) -> list[PushRow]:
    """The pushes that a change is made of, oldest first; none where it was pushed alone and did not wait."""
    return list(session.exec(select(PushRow).where(PushRow.change_id == change_id).order_by(col(PushRow.id))).all())


def put_off(session: Session, ids: Sequence[int], due: datetime) -> None:
    """They wait until then, those that still do."""
    session.exec(update(PushRow).where(*_open(ids)).values(due_at=due).execution_options(synchronize_session=False))


def failed(session: Session, number: int, note: str, due: datetime) -> None:
    """It could not be planned, and is tried again then."""
    values = {"note": note, "tries": PushRow.tries + 1, "due_at": due}
    session.exec(update(PushRow).where(*_open([number])).values(**values).execution_options(synchronize_session=False))


def take(session: Session, push_key: str, ids: Sequence[int], change_id: int) -> None:
    """They and the one of that key are part of a change from now on, those that still wait."""
    mine = or_(col(PushRow.key) == push_key, col(PushRow.id).in_(ids))
    taken = update(PushRow).where(mine, col(PushRow.change_id).is_(None)).values(change_id=change_id, note="")
    session.exec(taken.execution_options(synchronize_session=False))


def _open(ids: Sequence[int]) -> tuple[Any, ...]:
    return (col(PushRow.id).in_(ids), col(PushRow.change_id).is_(None))
