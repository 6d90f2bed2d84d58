"""Walking a folder of recipes: what is hidden or made by builds is no part of it."""

import os
from pathlib import Path

SKIPPED = frozenset({"__pycache__", "output", "bld"})
"""Folders that builds make."""


def files_below(folder: Path) -> list[tuple[str, Path]]:
    """Every file below ``folder`` with its relative name, sorted; dot-folders and build output left out."""
    found: list[tuple[str, Path]] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in SKIPPED]
        linked = [name for name in folders if (Path(place) / name).is_symlink()]
        paths = [Path(place) / name for name in (*files, *linked)]
        found += [(path.relative_to(folder).as_posix(), path) for path in paths]
    return sorted(found)
