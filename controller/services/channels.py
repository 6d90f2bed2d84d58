"""Moving a channel to a new snapshot: payload first, index next, one pointer last.

The payload is in the store before an artifact is ever recorded; index files are written here, as blobs,
before the transaction that names them commits; the pointer is a column that moves with that commit.
"""

from collections.abc import Iterable, Sequence

from controller.domain.artifacts import Artifact
from controller.domain.channels import Act, is_staging
from controller.domain.errors import IllegalMoveError
from controller.gateways.index import index_files
from controller.gateways.shards import INDEX_FILE
from controller.services.farm import Farm
from controller.storage import channels, events
from controller.storage.artifacts import ArtifactRow
from controller.storage.channels import SnapshotRow
from controller.storage.database import Session
from workers.contract.platforms import NOARCH


def publish(
    farm: Farm, session: Session, channel: str, new: Sequence[ArtifactRow], *, batch_id: int | None, who: str, why: str,
    act: Act = Act.PUBLISH,
) -> SnapshotRow:  # fmt: skip
    """A new snapshot with ``new`` added. Files that are there already stay as they are."""
    if not is_staging(channel):
        _expect_last_stage(new)
    row = channels.lock_channel(session, channel)
    there = channels.names_in(session, channel, row.current)
    adding = [artifact for artifact in new if artifact.file not in there]
    return _move(farm, session, row.name, adding, [], act=act, batch_id=batch_id, who=who, why=why)


def _expect_last_stage(new: Sequence[ArtifactRow]) -> None:
    """What was made on the way round a circle has something old in it, and is for the next stage alone."""
    for artifact in new:
        if artifact.stage:
            raise IllegalMoveError(
                f"{artifact.file} was made for the next stage of a circle, and is never published.",
                remedy="Publish what the last stage made.",
            )


def go_back(farm: Farm, session: Session, channel: str, undone: SnapshotRow, *, who: str, why: str) -> SnapshotRow:
    """A new snapshot with the content from before ``undone``: numbers only grow, nothing is forgotten."""
    row = channels.lock_channel(session, channel)
    wanted = channels.files_in(session, channel, undone.base)
    there = channels.names_in(session, channel, row.current)
    names = {artifact.file for artifact in wanted}
    adding = [artifact for artifact in wanted if artifact.file not in there]
    batch = undone.batch_id
    snapshot = _move(
        farm, session, channel, adding, sorted(there - names), act=Act.RESTORE, batch_id=batch, who=who, why=why
    )
    snapshot.undoes = undone.number
    return snapshot


def _move(
    farm: Farm, session: Session, name: str, adding: Sequence[ArtifactRow], removing: Sequence[str], *, act: Act,
    batch_id: int | None, who: str, why: str,
) -> SnapshotRow:  # fmt: skip
    row = channels.lock_channel(session, name)
    number, base = row.current + 1, row.current
    channels.add_files(session, name, number, adding)
    channels.remove_files(session, name, number, removing)
    touched = {a.subdir for a in adding} | {file.split("/", 1)[0] for file in removing} | {NOARCH}
    index = _index_of(session, name, base) | _write_index(farm, session, name, number, touched)
    snapshot = SnapshotRow(
        channel=name, number=number, base=base, act=act.value, files=channels.count_in(session, name, number),
        added=len(adding), removed=len(removing), index=index, batch_id=batch_id, who=who, why=why, at=farm.now(),
    )  # fmt: skip
    session.add(snapshot)
    row.current = number
    session.add(row)
    batch = f"B-{batch_id}" if batch_id else ""
    events.note(session, farm.now(), "channel.moved", batch=batch, channel=name, snapshot=number, act=act.value)
    return snapshot


def _index_of(session: Session, name: str, number: int) -> dict[str, str]:
    return dict(channels.find_snapshot(session, name, number).index) if number else {}


def _write_index(farm: Farm, session: Session, name: str, number: int, subdirs: Iterable[str]) -> dict[str, str]:
    written = {}
    for subdir in sorted(subdirs):
        artifacts = [row.value() for row in channels.files_in(session, name, number, subdir)]
        for file_name, data in index_files(subdir, artifacts, records=farm.records).items():
            written[f"{subdir}/{file_name}"] = farm.blobs.put_bytes(data)
        written[f"{subdir}/{INDEX_FILE}"] = _write_shards(farm, subdir, artifacts)
    return written


def _write_shards(farm: Farm, subdir: str, artifacts: list[Artifact]) -> str:
    """The shards that changed, then the small index that names them all; the digest of that index."""
    made = farm.shards.shard_files(subdir, artifacts, kept=farm.shard_blobs.exists)
    for data in made.shards.values():
        farm.shard_blobs.put_bytes(data)
    return farm.blobs.put_bytes(made.index)
