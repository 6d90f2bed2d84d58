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

Render = Callable[[Artifact], bytes]
_dumps = partial(json.dumps, sort_keys=True, separators=(",", ":"))


class Records:
    """Rendered records, kept by digest: one more package in a channel renders one record, not all of them.

    About 700 bytes each; past ``limit`` it forgets them all and begins anew.
    """

    def __init__(self, limit: int = 300_000) -> None:
        self._records: dict[str, bytes] = {}
        self._exports: dict[str, bytes] = {}
        self._limit = limit

    def record(self, artifact: Artifact) -> bytes:
        """``"file name":{record}`` for repodata.json."""
        return self._kept(self._records, artifact, render_record)

    def exports(self, artifact: Artifact) -> bytes:
        """``"file name":{"run_exports":{...}}`` for run_exports.json."""
        return self._kept(self._exports, artifact, render_exports)

    def _kept(self, kept: dict[str, bytes], artifact: Artifact, render: Render) -> bytes:
        found = kept.get(artifact.sha256)
        if found is None:
            if len(kept) >= self._limit:
                kept.clear()
            found = kept[artifact.sha256] = render(artifact)
        return found


def index_files(
    subdir: str,
    artifacts: Sequence[Artifact],
    removed: Iterable[str] = (),
    records: Records | None = None,
    level: int = LEVEL,
) -> dict[str, bytes]:
    """Every index file of ``subdir`` by name. ``artifacts`` are those of this subdir; there may be none.

    Keep ``records`` between calls and one more package costs little more than the compression.
    """
    plain = {
        "repodata.json": render_repodata(subdir, artifacts, removed, records),
        "run_exports.json": render_run_exports(subdir, artifacts, records),
    }
    return plain | {f"{name}.zst": compress(data, level) for name, data in plain.items()}


def render_repodata(
    subdir: str, artifacts: Iterable[Artifact], removed: Iterable[str] = (), records: Records | None = None
) -> bytes:
    """repodata.json, version 1 (CEP 36). ``removed`` are file names that were there once."""
    head = _dumps({"subdir": subdir})
    tail = f'"removed":{_dumps(sorted(set(removed)))},"repodata_version":1}}\n'
    return _document(head, artifacts, records.record if records else render_record, "," + tail)


def render_run_exports(subdir: str, artifacts: Iterable[Artifact], records: Records | None = None) -> bytes:
    """run_exports.json (CEP 12): every package, those without exports with an empty entry, never patched."""
    head = _dumps({"subdir": subdir, "version": 1})
    return _document(head, artifacts, records.exports if records else render_exports, "}\n")


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


def _document(head: str, artifacts: Iterable[Artifact], render: Render, tail: str) -> bytes:
    """The two maps, ``.tar.bz2`` and ``.conda``, between head and tail, copied together once: they may be large."""
    ordered = sorted(artifacts, key=_file_name)
    parts = [f'{{"info":{head},"packages":{{'.encode()]
    parts += _lines(render(artifact) for artifact in ordered if is_old_format(artifact))
    parts.append(b'},"packages.conda":{')
    parts += _lines(render(artifact) for artifact in ordered if not is_old_format(artifact))
    parts.append(f"}}{tail}".encode())
    return b"".join(parts)


def _lines(records: Iterable[bytes]) -> list[bytes]:
    lines = [part for record in records for part in (b",\n", record)]
    return [b"\n", *lines[1:], b"\n"] if lines else []


def is_old_format(artifact: Artifact) -> bool:
    """Whether it is a .tar.bz2, which stands in a map of its own."""
    return artifact.file_name.endswith(".tar.bz2")


def _file_name(artifact: Artifact) -> str:
    return artifact.file_name
