"""Index files of a channel, written from stored records and never by reading packages again.

Same set of artifacts, same bytes, whatever the order they come in: a snapshot can be restored to the byte. Each
record stands on a line of its own, so that two snapshots can be compared by lines.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import zstandard

from controller.domain.artifacts import Artifact

LEVEL = 3
"""Of zstd: at 19 a file is an eighth smaller and takes a hundred times as long (docs: benchmarks)."""

_BZ2 = ".tar.bz2"
Render = Callable[[Artifact], bytes]
_dumps = partial(json.dumps, sort_keys=True, separators=(",", ":"))


class Records:
    """Rendered records, kept by digest: one more package in a channel renders one record, not all of them."""

    def __init__(self) -> None:
        self._records: dict[str, bytes] = {}
        self._exports: dict[str, bytes] = {}

    def record(self, artifact: Artifact) -> bytes:
        """``"file name":{record}`` for repodata.json."""
        return _kept(self._records, artifact, render_record)

    def exports(self, artifact: Artifact) -> bytes:
        """``"file name":{"run_exports":{...}}`` for run_exports.json."""
        return _kept(self._exports, artifact, render_exports)


def index_files(
    subdir: str, artifacts: Sequence[Artifact], removed: Iterable[str] = (), records: Records | None = None
) -> dict[str, bytes]:
    """Every index file of ``subdir`` by name. ``artifacts`` are those of this subdir; there may be none."""
    records = records or Records()
    repodata = render_repodata(subdir, artifacts, removed, records)
    return {
        "repodata.json": repodata,
        "repodata.json.zst": compress(repodata),
        "run_exports.json": render_run_exports(subdir, artifacts, records),
    }


def render_repodata(
    subdir: str, artifacts: Iterable[Artifact], removed: Iterable[str] = (), records: Records | None = None
) -> bytes:
    """repodata.json, version 1 (CEP 36). ``removed`` are file names that were there once."""
    render = records.record if records else render_record
    gone = _dumps(sorted(set(removed))).encode()
    tail = b'"removed":' + gone + b',"repodata_version":1}\n'
    return b'{"info":' + _dumps({"subdir": subdir}).encode() + b"," + _packages(artifacts, render) + tail


def render_run_exports(subdir: str, artifacts: Iterable[Artifact], records: Records | None = None) -> bytes:
    """run_exports.json (CEP 12): every package, those without exports with an empty entry, never patched."""
    render = records.exports if records else render_exports
    info = {"info": {"subdir": subdir, "version": 1}}
    return _dumps(info).encode()[:-1] + b"," + _packages(artifacts, render)[:-1] + b"}\n"


def compress(data: bytes, level: int = LEVEL) -> bytes:
    """One zstd frame with its size in front. The same bytes and level give the same frame."""
    return zstandard.ZstdCompressor(level=level).compress(data)


def render_record(artifact: Artifact) -> bytes:
    """One line of repodata.json."""
    return f"{_dumps(artifact.file_name)}:{_dumps(record_of(artifact))}".encode()


def render_exports(artifact: Artifact) -> bytes:
    """One line of run_exports.json."""
    return f"{_dumps(artifact.file_name)}:{_dumps({'run_exports': exports_of(artifact)})}".encode()


def record_of(artifact: Artifact) -> dict[str, Any]:
    """The record a client sees: what the file says of itself, with its size and digests."""
    record = {
        "build": artifact.build,
        "build_number": artifact.build_number,
        "depends": [d.spec for d in artifact.depends],
        "md5": artifact.md5,
        "name": artifact.name,
        "sha256": artifact.sha256,
        "size": artifact.size,
        "subdir": artifact.subdir,
        "version": artifact.version,
    }
    return record | {key: value for key, value in _optional(artifact).items() if value}


def exports_of(artifact: Artifact) -> dict[str, list[str]]:
    """What the package gives to those that build with it; empty kinds are left out."""
    exports = artifact.run_exports
    kinds = {
        "weak": exports.weak,
        "strong": exports.strong,
        "noarch": exports.noarch,
        "weak_constrains": exports.weak_constrains,
        "strong_constrains": exports.strong_constrains,
    }
    return {kind: list(specs) for kind, specs in kinds.items() if specs}


def _optional(artifact: Artifact) -> dict[str, Any]:
    return {
        "arch": artifact.arch,
        "constrains": [d.spec for d in artifact.constrains],
        "features": artifact.features,
        "license": artifact.license,
        "license_family": artifact.license_family,
        "noarch": artifact.noarch,
        "platform": artifact.platform,
        "python_site_packages_path": artifact.python_site_packages_path,
        "timestamp": artifact.timestamp_ms,
        "track_features": artifact.track_features,
    }


def _packages(artifacts: Iterable[Artifact], render: Render) -> bytes:
    """The two maps, ``.tar.bz2`` and ``.conda``, with a comma behind."""
    old: list[bytes] = []
    new: list[bytes] = []
    for artifact in sorted(artifacts, key=_file_name):
        (old if artifact.file_name.endswith(_BZ2) else new).append(render(artifact))
    return b'"packages":{' + _lines(old) + b'},"packages.conda":{' + _lines(new) + b"},"


def _lines(records: list[bytes]) -> bytes:
    return b"\n" + b",\n".join(records) + b"\n" if records else b""


def _file_name(artifact: Artifact) -> str:
    return artifact.file_name


def _kept(kept: dict[str, bytes], artifact: Artifact, render: Render) -> bytes:
    found = kept.get(artifact.sha256)
    if found is None:
        found = kept[artifact.sha256] = render(artifact)
    return found
