"""Whether a test left its environment as it found it."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Trace = tuple[int, int, int]
"""Time of the last change of a file's bytes in nanoseconds, its size, its inode."""
_BYTECODE = "__pycache__"


@dataclass(frozen=True, slots=True)
class Footprint:
    """The files of a prefix as they were. Python's bytecode does not count: it comes with every import."""

    prefix: Path
    files: Mapping[str, Trace]
    records: tuple[bytes, ...]
    """Rattler's records, kept from before any test could write there: they name folders that may be removed."""

    @classmethod
    def of(cls, prefix: Path) -> "Footprint":
        """The files of ``prefix`` as they are now."""
        records = tuple(path.read_bytes() for path in sorted((prefix / "conda-meta").glob("*.json")))
        return cls(prefix, dict(_files(str(prefix))), records)

    def is_as_it_was(self) -> bool:
        """Whether no file came, went or changed since."""
        return dict(_files(str(self.prefix))) == self.files

    def evict_changed(self) -> list[Path]:
        """Take packages out of the cache whose files were changed in place through a hard link; what was taken."""
        now = dict(_files(str(self.prefix)))
        changed = {name for name, trace in self.files.items() if name in now and _in_place(trace, now[name])}
        folders = _folders_with(self.records, changed) if changed else []
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        return folders


def _in_place(before: Trace, after: Trace) -> bool:
    return before != after and before[2] == after[2]


def _files(folder: str, below: str = "") -> Iterator[tuple[str, Trace]]:
    """Every file and link below, with ``/`` in its path on every system."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != _BYTECODE:
                yield from _files(entry.path, f"{below}{entry.name}/")
        else:
            seen = entry.stat(follow_symlinks=False)
            yield f"{below}{entry.name}", (seen.st_mtime_ns, seen.st_size, seen.st_ino)


def _folders_with(records: Iterable[bytes], names: set[str]) -> list[Path]:
    """The unpacked packages that the files came from."""
    said = [json.loads(record) for record in records]
    return [Path(each["extracted_package_dir"]) for each in said if _is_from(each, names)]


def _is_from(said: Mapping[str, Any], names: set[str]) -> bool:
    return bool(said.get("extracted_package_dir")) and not names.isdisjoint(said.get("files", ()))
