"""Shards (CEP 16, with the exports of CEP 21): a file for each package name, and a small index that names them.

A client reads the index and the shards of what it needs. One more package in a channel of any size costs one
shard and the index, so this is how news reaches users first.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgpack

from controller.domain.artifacts import Artifact
from controller.gateways.index import compress, exports_of, is_old_format, record_of

INDEX_FILE = "repodata_shards.msgpack.zst"
ENDING = ".msgpack.zst"
"""A shard lies at ``shards/<sha256>.msgpack.zst`` beside the index; the digest is that of the file as it lies there."""


@dataclass(frozen=True, slots=True)
class ShardSet:
    """The bytes of the index file, and by digest those shards that this maker had not made before."""

    index: bytes
    shards: dict[str, bytes]


class _Made(NamedTuple):
    of: tuple[str, ...]
    digest: bytes


class Shards:
    """Makes shards, and remembers by name what it made of which digests, so that only changed names are made anew.

    The same artifacts always give the same bytes; the index carries no time of its making for that reason.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], _Made] = {}

    def shard_files(self, subdir: str, artifacts: Iterable[Artifact], removed: Iterable[str] = ()) -> ShardSet:
        """The index of ``subdir`` and its new shards. ``removed`` are file names that were there once."""
        named, gone = _by_name(artifacts, removed)
        digests: dict[str, bytes] = {}
        fresh: dict[str, bytes] = {}
        for name in sorted(named.keys() | gone.keys()):
            digests[name] = self._shard(subdir, name, named.get(name, []), gone.get(name, []), fresh)
        info = {"subdir": subdir, "base_url": "", "shards_base_url": "./shards/"}
        return ShardSet(compress(_pack({"version": 1, "info": info, "shards": digests})), fresh)

    def _shard(
        self, subdir: str, name: str, artifacts: list[Artifact], removed: list[str], fresh: dict[str, bytes]
    ) -> bytes:
        """The digest of a name's shard; the shard itself goes into ``fresh`` unless it was made before."""
        of = (*sorted(artifact.sha256 for artifact in artifacts), *removed)
        made = self._made.get((subdir, name))
        if made is None or made.of != of:
            data = render_shard(artifacts, removed)
            made = self._made[subdir, name] = _Made(of, hashlib.sha256(data).digest())
            fresh[made.digest.hex()] = data
        return made.digest


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
