"""Walking a folder of recipes: what is hidden or made by builds is no part of it."""

import os
from pathlib import Path

SKIPPED = frozenset({"__pycache__", "output", "bld"})
"""Folders that builds make."""


def files_below(folder: Path) -> list[tuple[str, str]]:
    """Every file below ``folder``: its relative name and where it is, sorted; dot-folders and build output left out.

    Text instead of paths: a tree has forty thousand files.
    """
    found: list[str] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in SKIPPED]
        found += [os.path.join(place, name) for name in files]  # noqa: PTH118
        found += [path for name in folders if os.path.islink(path := os.path.join(place, name))]  # noqa: PTH114, PTH118
    start = len(os.path.join(folder, ""))  # noqa: PTH118
    return sorted((path[start:].replace(os.sep, "/"), path) for path in found)
