"""Channels, their snapshots and the history of their pointer: tables and named queries.

A snapshot's content is kept as intervals: a file is in snapshot N when ``added <= N`` and it was not
removed by N. So a snapshot costs what changed, and every old one stays addressable.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Index, func, or_, text
from sqlmodel import Field, Session, SQLModel, col, select

from controller.domain.errors import NotFoundError
from controller.storage.artifacts import ArtifactRow
from controller.storage.tables import document, instant, key


class ChannelRow(SQLModel, table=True):
    """A channel; ``current`` is its one pointer."""

    __tablename__ = "channel"

    name: str = Field(primary_key=True)
    current: int = 0


class SnapshotRow(SQLModel, table=True):
    """One immutable state of a channel, and the act that made it."""

    __tablename__ = "snapshot"

    channel: str = Field(foreign_key="channel.name", primary_key=True)
    number: int = Field(primary_key=True)
    base: int
    act: str
    undoes: int = 0
    """For a restore: the number of the snapshot it took back."""
    files: int
    added: int = 0
    removed: int = 0
    index: dict[str, str] = document(dict)
    """``subdir/index file`` to the digest of its bytes."""
    batch_id: int | None = Field(default=None, index=True)
    who: str = ""
    why: str = ""
    at: datetime = instant()

    @property
    def promotion(self) -> str:
        """The id people use for this move, as ``stable@4``."""
        return f"{self.channel}@{self.number}"


class ChannelFileRow(SQLModel, table=True):
    """A file's stay in a channel: from snapshot ``added`` until before ``removed``."""

    __tablename__ = "channel_file"
    __table_args__ = (
        Index("channel_file_of", "channel", "subdir", "file_name"),
        Index("channel_file_span", "channel", "added", "removed"),
    )

    id: int | None = key()
    channel: str = Field(foreign_key="channel.name")
    subdir: str
    file_name: str
    artifact_id: int = Field(foreign_key="artifact.id")
    added: int
    removed: int | None = None


_MAKE_CHANNEL = text('INSERT INTO channel (name, "current") VALUES (:name, 0) ON CONFLICT DO NOTHING')


def lock_channel(session: Session, name: str) -> ChannelRow:
    """The channel, locked for this transaction; made if it is new."""
    query = select(ChannelRow).where(ChannelRow.name == name).with_for_update()
    row = session.exec(query).first()
    if row is None:  # two may make it at once: the second waits for the first, and finds it made
        session.connection().execute(_MAKE_CHANNEL, {"name": name})
        row = session.exec(query).one()
    return row


def current_of(session: Session, name: str) -> int:
    """The number a channel's pointer shows; 0 while it has no snapshot."""
    row = session.get(ChannelRow, name)
    return row.current if row else 0


def find_channel(session: Session, name: str) -> ChannelRow:
    """The channel. Raises NotFoundError."""
    row = session.get(ChannelRow, name)
    if row is None:
        raise NotFoundError(f"There is no channel '{name}'.", remedy="See `farm channel list`.")
    return row


def all_channels(session: Session) -> list[ChannelRow]:
    """Every channel by name."""
    return list(session.exec(select(ChannelRow).order_by(col(ChannelRow.name))).all())


def find_snapshot(session: Session, channel: str, number: int) -> SnapshotRow:
    """A snapshot. Raises NotFoundError."""
    row = session.get(SnapshotRow, (channel, number))
    if row is None:
        remedy = f"See `farm channel snapshots {channel}`."
        raise NotFoundError(f"There is no snapshot {channel}@{number}.", remedy=remedy)
    return row


def snapshots_of(session: Session, channel: str, limit: int = 200) -> list[SnapshotRow]:
    """A channel's snapshots, newest first."""
    query = (
        select(SnapshotRow).where(SnapshotRow.channel == channel).order_by(col(SnapshotRow.number).desc()).limit(limit)
    )
    return list(session.exec(query).all())


def moves_of_batch(session: Session, batch_id: int) -> list[SnapshotRow]:
    """Every move of a channel's pointer that this batch caused, oldest first."""
    query = select(SnapshotRow).where(SnapshotRow.batch_id == batch_id).order_by(col(SnapshotRow.at))
    return list(session.exec(query).all())


def newest_moves(session: Session, channels: Iterable[str], limit: int) -> list[SnapshotRow]:
    """The last moves of these channels, newest first."""
    query = (
        select(SnapshotRow)
        .where(col(SnapshotRow.channel).in_(list(channels)))
        .order_by(col(SnapshotRow.at).desc(), col(SnapshotRow.number).desc())
        .limit(limit)
    )
    return list(session.exec(query).all())


def _within(number: Any) -> Any:
    removed = col(ChannelFileRow.removed)
    return col(ChannelFileRow.added) <= number, or_(removed.is_(None), removed > number)


def files_in(session: Session, channel: str, number: int, subdir: str | None = None) -> list[ArtifactRow]:
    """The artifacts of a snapshot, of one subdir if asked."""
    query = (
        select(ArtifactRow)
        .join(ChannelFileRow, col(ChannelFileRow.artifact_id) == col(ArtifactRow.id))
        .where(ChannelFileRow.channel == channel, *_within(number))
    )
    if subdir is not None:
        query = query.where(ChannelFileRow.subdir == subdir)
    return list(session.exec(query).all())


def moves_between(session: Session, channel: str, before: int, now: int) -> tuple[set[int], set[int]]:
    """Ids of the artifacts that left a channel since a snapshot, and of those that came and are in the later one."""
    stays = select(ChannelFileRow.artifact_id).where(ChannelFileRow.channel == channel)
    left = session.exec(stays.where(col(ChannelFileRow.removed) > before, col(ChannelFileRow.removed) <= now)).all()
    came = session.exec(stays.where(ChannelFileRow.added > before, *_within(now))).all()
    return set(left) - set(came), set(came)


def names_in(session: Session, channel: str, number: int) -> set[str]:
    """``subdir/file name`` of everything in a snapshot."""
    query = select(ChannelFileRow.subdir, ChannelFileRow.file_name).where(
        ChannelFileRow.channel == channel, *_within(number)
    )
    return {f"{subdir}/{file_name}" for subdir, file_name in session.exec(query).all()}


def files_named(session: Session, channel: str, names: Collection[str]) -> list[str]:
    """``subdir/file name`` of what a channel holds now under these package names, sorted."""
    if not names:
        return []
    number = select(ChannelRow.current).where(ChannelRow.name == channel).scalar_subquery()
    query = (
        select(ChannelFileRow.subdir, ChannelFileRow.file_name)
        .join(ArtifactRow, col(ArtifactRow.id) == col(ChannelFileRow.artifact_id))
        .where(ChannelFileRow.channel == channel, *_within(number), col(ArtifactRow.name).in_(list(names)))
    )
    return sorted(f"{subdir}/{file_name}" for subdir, file_name in session.exec(query).all())


def count_in(session: Session, channel: str, number: int) -> int:
    """How many files a snapshot holds."""
    query = select(func.count()).select_from(ChannelFileRow).where(ChannelFileRow.channel == channel, *_within(number))
    return session.exec(query).one()


def was_ever_in(session: Session, channel: str, subdir: str, file_name: str) -> ArtifactRow | None:
    """The artifact, if any snapshot of the channel held it: old snapshots and lock files stay good."""
    query = (
        select(ArtifactRow)
        .join(ChannelFileRow, col(ChannelFileRow.artifact_id) == col(ArtifactRow.id))
        .where(
            ChannelFileRow.channel == channel, ChannelFileRow.subdir == subdir, ChannelFileRow.file_name == file_name
        )
        .limit(1)
    )
    return session.exec(query).first()


def add_files(session: Session, channel: str, number: int, artifacts: Iterable[ArtifactRow]) -> None:
    """These artifacts are in the channel from snapshot ``number`` on."""
    session.add_all(
        ChannelFileRow(channel=channel, subdir=a.subdir, file_name=a.file_name, artifact_id=a.id or 0, added=number)
        for a in artifacts
    )
    session.flush()


def remove_files(session: Session, channel: str, number: int, files: Iterable[str]) -> None:
    """These ``subdir/file name`` are in the channel until before snapshot ``number``."""
    gone = set(files)
    query = select(ChannelFileRow).where(ChannelFileRow.channel == channel, col(ChannelFileRow.removed).is_(None))
    for row in session.exec(query).all():
        if f"{row.subdir}/{row.file_name}" in gone:
            row.removed = number
            session.add(row)
    session.flush()
