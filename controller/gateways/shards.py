"""Shards (CEP 16, with the exports of CEP 21): a file for each package name, and a small index that names them.

A client reads the index and the shards of what it needs. One more package in a channel of any size costs one
shard and the index, so this is how news reaches users first.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack

from controller.domain.artifacts import Artifact
from controller.gateways.index import compress, exports_of, is_old_format, record_of

INDEX_FILE = "repodata_shards.msgpack.zst"
ENDING = ".msgpack.zst"
"""A shard lies at ``shards/<sha256>.msgpack.zst`` beside the index; the digest is that of the file as it lies there."""


Kept = Callable[[str], bool]
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShardSet:
    """What to write: shards first, then the index that names them."""

    index: bytes
    digests: frozenset[str]
    """Every shard the index names, also those made before: whoever collects garbage must keep them."""
    shards: dict[str, bytes]
    """By digest, those that have to be written."""


def _trusted(_digest: str) -> bool:
    return True


class Shards:
    """Makes shards, and remembers what it made of which artifacts, so that only changed names are made anew.

    The same artifacts always give the same bytes; the index carries no time of its making for that reason.
    """

    def __init__(self, limit: int = 300_000) -> None:
        self._made: dict[_Key, bytes] = {}
        self._limit = limit

    def shard_files(
        self, subdir: str, artifacts: Iterable[Artifact], removed: Iterable[str] = (), kept: Kept = _trusted
    ) -> ShardSet:
        """The index of ``subdir`` and the shards to write. ``removed`` are file names that were there once.

        A shard made before is made again only if ``kept`` denies its digest, as when it was collected meanwhile.
        """
        named, gone = _by_name(artifacts, removed)
        digests: dict[str, bytes] = {}
        fresh: dict[str, bytes] = {}
        for name in sorted(named.keys() | gone.keys()):
            digests[name] = self._shard(subdir, named.get(name, []), gone.get(name, []), fresh, kept)
        info = {"subdir": subdir, "base_url": "", "shards_base_url": "./shards/"}
        index = compress(_pack({"version": 1, "info": info, "shards": digests}))
        return ShardSet(index, frozenset(digest.hex() for digest in digests.values()), fresh)

    def _shard(
        self, subdir: str, artifacts: list[Artifact], removed: list[str], fresh: dict[str, bytes], kept: Kept
    ) -> bytes:
        """The digest of one name's shard; the shard itself goes into ``fresh`` if it has to be written."""
        key = (subdir, *sorted(artifact.sha256 for artifact in artifacts), *removed)
        digest = self._made.get(key)
        if digest is None or not kept(digest.hex()):
            data = render_shard(artifacts, removed)
            digest = hashlib.sha256(data).digest()
            fresh[digest.hex()] = data
            if len(self._made) >= self._limit:
                self._made.clear()
            self._made[key] = digest
        return digest


def render_shard(artifacts: Sequence[Artifact], removed: Iterable[str] = ()) -> bytes:
    """The shard of one name, compressed."""
    ordered = sorted(artifacts, key=lambda artifact: artifact.file_name)
    return compress(
        _pack(
            {
                "packages": {a.file_name: _record(a) for a in ordered if is_old_format(a)},
                "packages.conda": {a.file_name: _record(a) for a in ordered if not is_old_format(a)},
                "removed": sorted(removed),
            }
        )
    )


def _record(artifact: Artifact) -> dict[str, Any]:
    """As in repodata.json, with digests as bytes, and with the exports, so that builders need no second file."""
    digests = {"md5": bytes.fromhex(artifact.md5), "sha256": bytes.fromhex(artifact.sha256)}
    return dict(sorted((record_of(artifact) | digests | {"run_exports": exports_of(artifact)}).items()))


def _by_name(
    artifacts: Iterable[Artifact], removed: Iterable[str]
) -> tuple[dict[str, list[Artifact]], dict[str, list[str]]]:
    named: dict[str, list[Artifact]] = defaultdict(list)
    for artifact in artifacts:
        named[artifact.name].append(artifact)
    gone: dict[str, list[str]] = defaultdict(list)
    for file_name in sorted(set(removed)):
        gone[file_name.rsplit("-", 2)[0]].append(file_name)
    return named, gone


def _pack(value: Any) -> bytes:
    packed = msgpack.packb(value)
    return bytes(packed)
