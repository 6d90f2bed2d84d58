#!/usr/bin/env python3
"""Lay one change over a copy of the tree, as a person would commit it.

    python recipes/mkl-changes/apply.py CHANGE TREE

Files of the change replace those of the same path; nothing else is touched. Prints the paths written, one a line.
"""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def apply(change: Path, tree: Path) -> list[str]:
    """The paths written, relative to the tree. FileNotFoundError when there is no such change or tree."""
    for folder in (change, tree):
        if not folder.is_dir():
            raise FileNotFoundError(f"there is no folder {folder}")
    shutil.copytree(change, tree, dirs_exist_ok=True)
    return sorted(path.relative_to(change).as_posix() for path in change.rglob("*") if path.is_file())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        names = ", ".join(sorted(path.name for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__"))
        sys.exit(f"usage: python apply.py CHANGE TREE   (changes: {names})")
    print(*apply(HERE / sys.argv[1], Path(sys.argv[2])), sep="\n")
