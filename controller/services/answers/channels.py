"""Channels, their snapshots, and every move of their pointers."""

from controller.domain.channels import STABLE, TESTING
from controller.services.answers.shapes import ChannelShape, FileShape, PromotionShape, SnapshotShape
from controller.services.farm import Farm
from controller.services.serving import snapshot_now
from controller.storage import channels
from controller.storage.channels import SnapshotRow
from controller.storage.database import Session

MAIN = (STABLE, TESTING)


def channel_list(farm: Farm) -> list[ChannelShape]:
    """Every channel: stable and testing first, then those of the batches."""
    with farm.reading() as session:
        others = [row.name for row in channels.all_channels(session) if row.name not in MAIN]
        return [_channel(session, name) for name in (*MAIN, *others)]


def main_channels(session: Session) -> list[ChannelShape]:
    """Stable and testing, whether or not they have a snapshot yet."""
    return [_channel(session, name) for name in MAIN]


def _channel(session: Session, name: str) -> ChannelShape:
    number = channels.current_of(session, name)
    files = channels.find_snapshot(session, name, number).files if number else 0
    return ChannelShape(name=name, snapshot=number, files=files, url=f"/channels/{name}")


def channel_view(farm: Farm, name: str) -> ChannelShape:
    """One channel. Raises NotFoundError."""
    with farm.reading() as session:
        snapshot_now(session, name)
        return _channel(session, name)


def snapshot_list(farm: Farm, name: str, limit: int = 200) -> list[SnapshotShape]:
    """A channel's snapshots, newest first. Raises NotFoundError."""
    with farm.reading() as session:
        current = snapshot_now(session, name)
        return [_snapshot(row, current) for row in channels.snapshots_of(session, name, limit)]


def contents(farm: Farm, name: str, number: int) -> list[FileShape]:
    """What a snapshot holds, by name; nothing for snapshot 0."""
    with farm.reading() as session:
        rows = channels.files_in(session, name, number) if number else []
    found = [
        FileShape(
            file=row.file, name=row.name, version=row.version, build=str(row.record.get("build", "")),
            subdir=row.subdir, size=row.size, sha256=row.sha256, verdict=row.verdict,
        )
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda file: (file.name, file.subdir, file.file))


def promotion_list(farm: Farm, limit: int = 100) -> list[PromotionShape]:
    """The last moves of stable and testing, newest first."""
    with farm.reading() as session:
        return [promotion_shape(row) for row in channels.newest_moves(session, MAIN, limit)]


def promotion_shape(row: SnapshotRow) -> PromotionShape:
    """One move of a channel's pointer."""
    return PromotionShape(
        id=row.promotion, channel=row.channel, act=row.act, base=row.base, snapshot=row.number, added=row.added,
        removed=row.removed, batch=f"B-{row.batch_id}" if row.batch_id else "", who=row.who, why=row.why, at=row.at,
    )  # fmt: skip


def _snapshot(row: SnapshotRow, current: int) -> SnapshotShape:
    return SnapshotShape(
        channel=row.channel, number=row.number, act=row.act, files=row.files, added=row.added, removed=row.removed,
        batch=f"B-{row.batch_id}" if row.batch_id else "", who=row.who, why=row.why, at=row.at,
        current=row.number == current,
    )  # fmt: skip
