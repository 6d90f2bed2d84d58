"""Watched channels as they were last seen, and what moved in them: tables and named queries."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import defer
from sqlmodel import Field, Session, SQLModel, col, select

from controller.domain.upstream import MoveState, Stamp
from controller.storage.tables import document, from_json, instant, key, maybe_instant, to_json

_PENDING = f"state = '{MoveState.PENDING}'"


class WatchRow(SQLModel, table=True):
    """One subdir of a watched channel. ``looks`` grows with each look, so that no two take themselves for the next."""

    __tablename__ = "upstream_channel"

    channel: str = Field(primary_key=True)
    subdir: str = Field(primary_key=True)
    looks: int = 0
    stamp: dict[str, Any] = document(dict)
    known: dict[str, Any] = document(dict)
    """Name to the newest record seen of it; null where the channel did not have it."""
    files: int = 0
    followed: int = 0
    """How many of the names it has."""
    error: str = ""
    failures: int = 0
    """In a row."""
    since: datetime | None = maybe_instant()
    """When it was read for the first time: its state then is the one that moves are told from."""
    seen_at: datetime | None = maybe_instant()
    """When it answered last."""
    changed_at: datetime | None = maybe_instant()
    due_at: datetime = instant()

    @property
    def as_seen(self) -> Stamp:
        """What the index file was."""
        return from_json(Stamp, self.stamp)  # type: ignore[no-any-return]


class MoveRow(SQLModel, table=True):
    """A package that moved, for one tree that may have to follow. Written once, with the look that saw it."""

    __tablename__ = "upstream_move"
    __table_args__ = (
        Index("upstream_move_pending", "tree", postgresql_where=text(_PENDING), sqlite_where=text(_PENDING)),
    )

    id: int | None = key()
    tree: str
    channel: str
    subdir: str
    name: str
    before: str = ""
    """Version and build, for people."""
    after: str
    move: dict[str, Any] = document(dict)
    state: str = MoveState.PENDING.value
    note: str = ""
    batch_id: int | None = Field(default=None, foreign_key="batch.id", index=True)
    tries: int = 0
    seen_at: datetime = instant()
    due_at: datetime = instant()


def find_watch(session: Session, channel: str, subdir: str) -> WatchRow | None:
    """What is known of a subdir of a channel."""
    return session.get(WatchRow, (channel, subdir))


def lock_watch(session: Session, channel: str, subdir: str, now: datetime) -> WatchRow:
    """The same, locked for this transaction; made if it is new."""
    query = select(WatchRow).where(WatchRow.channel == channel, WatchRow.subdir == subdir).with_for_update()
    row = session.exec(query).first()
    if row is None:  # two may make it at once: the second waits for the first, and finds it made
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        new = WatchRow(channel=channel, subdir=subdir, due_at=now).model_dump()
        session.connection().execute(insert(WatchRow).values(new).on_conflict_do_nothing())
        row = session.exec(query).one()
    return row


def all_watches(session: Session) -> list[WatchRow]:
    """Every subdir that was ever looked at, for people: without what is known of its packages, which weighs most."""
    query = select(WatchRow).options(defer(WatchRow.known, raiseload=True))  # type: ignore[arg-type]
    return list(session.exec(query.order_by(col(WatchRow.channel), col(WatchRow.subdir))).all())


def keep_stamp(row: WatchRow, stamp: Stamp) -> None:
    """Note which state of the index file was read."""
    row.stamp = to_json(Stamp, stamp)


def trees_with_moves(session: Session, now: datetime) -> list[str]:
    """Trees for which a move is due."""
    due = (MoveRow.state == MoveState.PENDING.value, col(MoveRow.due_at) <= now)
    return sorted(session.exec(select(MoveRow.tree).where(*due).distinct()).all())


def pending_moves(session: Session, tree: str) -> list[MoveRow]:
    """The moves that a tree has not followed, in the order in which they were seen."""
    query = select(MoveRow).where(MoveRow.tree == tree, MoveRow.state == MoveState.PENDING.value)
    return list(session.exec(query.order_by(col(MoveRow.id))).all())


def settle_moves(
    session: Session, ids: Sequence[int], state: MoveState, note: str, batch_id: int | None = None
) -> bool:
    """Say what became of moves; False, and nothing to be kept, where one of them was taken meanwhile."""
    return _write(session, ids, state=state.value, note=note, batch_id=batch_id)


def put_off_moves(session: Session, ids: Sequence[int], note: str, due_at: datetime, *, failed: bool) -> bool:
    """Look at moves again later, and say why."""
    return _write(session, ids, note=note, due_at=due_at, tries=col(MoveRow.tries) + 1 if failed else 0)


def _write(session: Session, ids: Sequence[int], **values: Any) -> bool:
    pending = (col(MoveRow.id).in_(ids), col(MoveRow.state) == MoveState.PENDING.value)
    return session.exec(update(MoveRow).where(*pending).values(**values)).rowcount == len(ids)


def moves_of_batches(session: Session, ids: Iterable[int]) -> list[MoveRow]:
    """What moved that batches came of."""
    query = select(MoveRow).where(col(MoveRow.batch_id).in_(list(ids)))
    return list(session.exec(query.order_by(col(MoveRow.name), col(MoveRow.subdir), col(MoveRow.id))).all())


def newest_moves(session: Session, limit: int) -> list[MoveRow]:
    """What moved lately, newest first."""
    return list(session.exec(select(MoveRow).order_by(col(MoveRow.id).desc()).limit(limit)).all())
