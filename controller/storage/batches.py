"""Changes and batches: tables and named queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Field, Session, SQLModel, col, select

from controller.domain.batches import BatchState
from controller.domain.errors import NotFoundError
from controller.storage.tables import document, instant, key, maybe_instant


class ChangeRow(SQLModel, table=True):
    """A change, recorded once: ``key`` is unique."""

    __tablename__ = "change"

    id: int | None = key()
    key: str = Field(unique=True)
    kind: str
    tree: str
    commit: str
    summary: str = ""
    author: str = ""
    at: datetime = instant()


class BatchRow(SQLModel, table=True):
    """A batch. ``plan`` holds members and refusals; ``stays`` and ``published`` come with settling.

    ``basis`` says what the plan was decided on, so that it can be decided again; ``forced`` is what turned out to be
    needed since, and ``revisions`` what each new decision changed.
    """

    __tablename__ = "batch"

    id: int | None = key()
    change_id: int = Field(foreign_key="change.id", index=True)
    state: str = Field(index=True)
    title: str
    author: str = ""
    waves: int = 0
    plan: dict[str, Any] = document(dict)
    basis: dict[str, Any] = document(dict)
    forced: list[Any] = document(list)
    revisions: list[Any] = document(list)
    stays: list[Any] = document(list)
    published: list[str] = document(list)
    again: str = Field(default="", index=True)
    """``due`` where it left something behind that others overtook; then the batch that has it, or ``none``."""
    priority: str = "normal"
    """As a person says it; see domain.priorities."""
    share: dict[str, Any] = document(dict)
    """What it has of the farm; empty until it was ranked. See planning.ordering."""
    bumps: list[Any] = document(list)
    """Who gave it another priority, when, and why; oldest first."""
    created_at: datetime = instant()
    settled_at: datetime | None = maybe_instant()

    @property
    def name(self) -> str:
        """The id people use."""
        return f"B-{self.id}"


_HELD = "states of batches that this transaction holds"


def number_of(batch: str) -> int:
    """7 for ``B-7``. Raises NotFoundError for what is no batch id."""
    head, _, tail = batch.partition("-")
    if head.upper() != "B" or not tail.isdigit():
        raise NotFoundError(f"'{batch}' is no batch id.", remedy="Batch ids look like B-7; see `farm batch list`.")
    return int(tail)


def change_with_key(session: Session, change_key: str) -> ChangeRow | None:
    """The change recorded under this key, if it was."""
    return session.exec(select(ChangeRow).where(ChangeRow.key == change_key)).first()


def last_commit(session: Session, tree: str) -> str | None:
    """The commit of a tree that was pushed last."""
    newest = select(ChangeRow.commit).where(ChangeRow.tree == tree).order_by(col(ChangeRow.id).desc())
    return session.exec(newest.limit(1)).first()


def last_commits(session: Session, most: int = 200) -> list[tuple[str, str]]:
    """Each tree with the commit of it that was pushed last; the tree that was pushed last comes first."""
    newest = select(func.max(ChangeRow.id)).group_by(col(ChangeRow.tree)).subquery()
    query = select(ChangeRow.tree, ChangeRow.commit).where(col(ChangeRow.id).in_(select(newest.c[0])))
    return [(tree, commit) for tree, commit in session.exec(query.order_by(col(ChangeRow.id).desc()).limit(most))]


def running_since(session: Session, trees: Sequence[str], before: datetime) -> list[str]:
    """Batches of these trees that run, and were opened before that moment, oldest first."""
    query = (
        select(BatchRow.id)
        .join(ChangeRow, col(ChangeRow.id) == col(BatchRow.change_id))
        .where(col(ChangeRow.tree).in_(trees), BatchRow.state == BatchState.RUNNING.value)
        .where(col(BatchRow.created_at) <= before)
    )
    return [f"B-{number}" for number in session.exec(query.order_by(col(BatchRow.id))).all()]


def to_begin_again(session: Session, due: str) -> list[BatchRow]:
    """The batches of which something is to be built again, oldest first."""
    return list(session.exec(select(BatchRow).where(BatchRow.again == due).order_by(col(BatchRow.id))).all())


def unsettled(session: Session, trees: Sequence[str]) -> list[int]:
    """Ids of the batches of these trees that run or are held, oldest first."""
    states = (BatchState.RUNNING.value, BatchState.HELD.value)
    query = (
        select(BatchRow.id)
        .join(ChangeRow, col(ChangeRow.id) == col(BatchRow.change_id))
        .where(col(ChangeRow.tree).in_(trees), col(BatchRow.state).in_(states))
    )
    return [number or 0 for number in session.exec(query.order_by(col(BatchRow.id))).all()]


def batch_of_change(session: Session, change: ChangeRow) -> BatchRow | None:
    """The newest batch of a change."""
    query = select(BatchRow).where(BatchRow.change_id == change.id).order_by(col(BatchRow.id).desc())
    return session.exec(query).first()


def find_batch(session: Session, batch: str, *, lock: bool = False) -> BatchRow:
    """The batch, locked for this transaction if asked. Raises NotFoundError.

    The lock is that of an UPDATE: rows that refer to the batch can still be written, so that no claim waits for it.
    """
    query = select(BatchRow).where(BatchRow.id == number_of(batch))
    row = session.exec(query.with_for_update(key_share=True) if lock else query).first()
    if row is None:
        raise NotFoundError(f"There is no batch {batch}.", remedy="See `farm batch list`.")
    return row


def lock_batch(session: Session, number: int) -> str:
    """The batch's state. Whoever ends a job or changes the plan holds this: nobody else does until the commit.

    So it is asked once in a transaction, unless that itself moves the batch.
    """
    held: dict[int, str] = session.info.setdefault(_HELD, {})
    if number not in held:
        query = select(BatchRow.state).where(BatchRow.id == number).with_for_update(key_share=True)
        held[number] = str(session.exec(query).one())
    return held[number]


def changes_by_id(session: Session, ids: Sequence[int]) -> dict[int, ChangeRow]:
    """Changes by id, for a page of batches."""
    rows = session.exec(select(ChangeRow).where(col(ChangeRow.id).in_(ids))).all()
    return {row.id: row for row in rows if row.id is not None}


def batches_by_id(session: Session, ids: Sequence[int]) -> dict[int, BatchRow]:
    """Batches by id."""
    rows = session.exec(select(BatchRow).where(col(BatchRow.id).in_(ids))).all()
    return {row.id: row for row in rows if row.id is not None}


def newest_batches(
    session: Session, limit: int, states: Sequence[str] = (), before: int | None = None
) -> list[BatchRow]:
    """Batches, newest first."""
    query = select(BatchRow).order_by(col(BatchRow.id).desc()).limit(limit)
    if states:
        query = query.where(col(BatchRow.state).in_(states))
    if before is not None:
        query = query.where(col(BatchRow.id) < before)
    return list(session.exec(query).all())


def batches_in(session: Session, state: BatchState) -> list[int]:
    """Ids of the batches in a state, oldest first."""
    query = select(BatchRow.id).where(BatchRow.state == state.value).order_by(col(BatchRow.id))
    return [number for number in session.exec(query).all() if number is not None]


def move_batch(session: Session, batch: BatchRow, sources: Sequence[BatchState], to: BatchState, **values: Any) -> bool:
    """Guarded write of a state: only from ``sources``. False when somebody else was first."""
    done = session.exec(
        update(BatchRow)
        .where(col(BatchRow.id) == batch.id, col(BatchRow.state).in_([s.value for s in sources]))
        .values(state=to.value, **values)
    )
    session.info.pop(_HELD, None)
    session.refresh(batch)
    return done.rowcount == 1
