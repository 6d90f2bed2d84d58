#!/usr/bin/env python3
"""Lay one change over a copy of the tree, as a person would commit it.

    python recipes/mkl-changes/apply.py CHANGE TREE

Files of the change replace those of the same path. Of ``variants.yaml`` the tree keeps its own Python pins: they tell
which interpreter this machine has, and are no part of the change. Prints the paths written, one a line.
"""

import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OF_THE_MACHINE = ("python", "starter_python")


def pin(key: str) -> re.Pattern[str]:
    return re.compile(rf'(?m)^({key}:[^\n]*\n\s*-\s*)"([^"\n]*)"')


def with_pins_of(old: str, new: str) -> str:
    for key in OF_THE_MACHINE:
        kept = pin(key).search(old)
        if kept:
            new = pin(key).sub(rf'\g<1>"{kept[2]}"', new)
    return new


def apply(change: Path, tree: Path) -> list[str]:
    """The paths written, relative to the tree. FileNotFoundError when there is no such change or tree."""
    for folder in (change, tree):
        if not folder.is_dir():
            raise FileNotFoundError(f"there is no folder {folder}")
    paths = sorted(path.relative_to(change) for path in change.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    for path in paths:
        write(change / path, tree / path)
    return [path.as_posix() for path in paths]


def write(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.name == "variants.yaml" and target.exists():
        text = with_pins_of(target.read_text(encoding="utf-8"), source.read_text(encoding="utf-8"))
        target.write_text(text, encoding="utf-8")
    else:
        shutil.copy2(source, target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        names = ", ".join(sorted(path.name for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__"))
        sys.exit(f"usage: python apply.py CHANGE TREE   (changes: {names})")
    print(*apply(HERE / sys.argv[1], Path(sys.argv[2])), sep="\n")
