"""What conda clients fetch: index files and packages of a channel, by the names that clients use.

Nothing is served from a folder: an index file is the blob that a snapshot names, a package the blob of an
artifact that the channel holds or once held, so that old snapshots and lock files stay good.
"""

from dataclasses import dataclass
from pathlib import Path

from controller.domain.channels import STABLE, TESTING, staging
from controller.domain.errors import NotFoundError
from controller.gateways.index import index_files
from controller.gateways.shards import ENDING, INDEX_FILE, Shards
from controller.services.farm import Farm
from controller.storage import artifacts, batches, channels
from controller.storage.artifacts import ArtifactRow
from controller.storage.database import Session
from workers.contract.platforms import is_pool

_STAGING = staging("")


@dataclass(frozen=True, slots=True)
class Served:
    """A file to be sent: bytes, or a blob's path. ``settled`` when this address will give the same for ever."""

    digest: str
    settled: bool
    path: Path | None = None
    data: bytes = b""


def channel_file(farm: Farm, channel: str, number: int | None, subdir: str, file_name: str) -> Served:
    """A file of a channel, at its current snapshot or at ``number``. Raises NotFoundError."""
    with farm.reading() as session:
        if file_name.endswith((".conda", ".tar.bz2")):
            return _package(farm, channels.was_ever_in(session, channel, subdir, file_name), f"{subdir}/{file_name}")
        at = snapshot_now(session, channel) if number is None else number
        index = channels.find_snapshot(session, channel, at).index if at or number is not None else {}
    digest = index.get(f"{subdir}/{file_name}")
    if digest is None:
        return _empty(channel, subdir, file_name, settled=number is not None)
    return Served(digest, number is not None, farm.blobs.path(digest))


def shard_file(farm: Farm, file_name: str) -> Served:
    """A shard by its digest, whichever index names it. Raises NotFoundError."""
    digest = file_name.removesuffix(ENDING)
    if not farm.shard_blobs.exists(digest):
        raise NotFoundError(f"There is no shard {file_name}.", remedy=f"The shards there are stand in {INDEX_FILE}.")
    return Served(digest, settled=True, path=farm.shard_blobs.path(digest))


def stored_file(farm: Farm, subdir: str, file_name: str) -> Served:
    """A package file of the store, whether a channel holds it yet or not: what a test job fetches."""
    with farm.reading() as session:
        return _package(farm, artifacts.find_file(session, subdir, file_name), f"{subdir}/{file_name}")


def _package(farm: Farm, row: ArtifactRow | None, name: str) -> Served:
    if row is None:
        raise NotFoundError(f"{name} is not there.", remedy="Only what is or was in this channel is served.")
    return Served(row.sha256, settled=True, path=farm.blobs.path(row.sha256))


def snapshot_now(session: Session, channel: str) -> int:
    """The current number; 0 for a channel that will have its first snapshot yet. Raises NotFoundError."""
    current = channels.current_of(session, channel)
    if not current and channel not in (TESTING, STABLE):
        if not channel.startswith(_STAGING):
            channels.find_channel(session, channel)
        batches.find_batch(session, channel.removeprefix(_STAGING))
    return current


def _empty(channel: str, subdir: str, file_name: str, *, settled: bool) -> Served:
    """A solver asks every channel for every subdir: where there is nothing yet, the answer is an empty index."""
    files = _empty_files(subdir) if is_pool(subdir) and "." not in subdir else {}
    if file_name not in files:
        raise NotFoundError(f"{channel} has no {subdir}/{file_name}.", remedy="Its index is repodata.json.")
    return Served("", settled=settled, data=files[file_name])


def _empty_files(subdir: str) -> dict[str, bytes]:
    return index_files(subdir, []) | {INDEX_FILE: Shards().shard_files(subdir, []).index}
