"""Paths of the build that stayed in files, where installing does not replace them."""

import re
from collections.abc import Sequence
from pathlib import Path

from workers.checks.linkage_package import Checked

_MARKS = (b"_env_placehold", b"/bld/rattler-build_", b"\\bld\\rattler-build_", b"/conda-bld/")
"""What every build folder of rattler-build or conda-build has in its path."""
_UNREPLACED = (".pyc", ".pyo")
"""Python writes into them where they were compiled, and never looks there."""
_CHUNK, _BEFORE, _AFTER = 8 << 20, 512, 4096
_PATH_BEFORE, _PATH_AFTER = re.compile(rb"[^\s\x00-\x1f\"'`<>|;:=,]*$"), re.compile(rb"[^\s\x00-\x1f\"'`<>|;:=,]*")


def find_build_path(package: Checked, path: str) -> str:
    """The first path of the build in a file, as it stands there; empty for none."""
    place = package.folder / path
    if place.suffix in _UNREPLACED or place.is_symlink():
        return ""
    replaced = package.placeholders.get(path, "").encode()
    return _find(place, replaced, marks_of(package.build_folders))


def marks_of(build_folders: Sequence[str]) -> tuple[bytes, ...]:
    """What to look for: the usual marks, and the folders of this build that have none of them."""
    own = [folder.encode() for folder in build_folders]
    return (*_MARKS, *(folder for folder in own if not any(mark in folder for mark in _MARKS)))


def is_build_path(text: str, build_folders: Sequence[str]) -> bool:
    """Whether a search path leads into a build."""
    return any(mark in text.encode() for mark in marks_of(build_folders))


def _find(place: Path, replaced: bytes, marks: Sequence[bytes]) -> str:
    """Piece by piece, each with some of the one before and of the one after, so that all paths are seen whole."""
    seen = 0
    with place.open("rb") as file:
        piece = file.read(_CHUNK + _AFTER)
        while piece:
            text = piece.replace(replaced, b"\0" * len(replaced)) if replaced else piece
            last = len(piece) <= _CHUNK
            hits = [at for at in (text.find(mark, seen) for mark in marks) if at >= 0 and (last or at < _CHUNK)]
            if hits:
                return _around(text, min(hits))
            seen, piece = _BEFORE, b"" if last else piece[_CHUNK - _BEFORE :] + file.read(_CHUNK)
    return ""


def _around(text: bytes, at: int) -> str:
    before, after = _PATH_BEFORE.search(text, max(0, at - _BEFORE), at), _PATH_AFTER.match(text, at)
    return ((before[0] if before else b"") + (after[0] if after else b"")).decode("utf-8", "replace")
