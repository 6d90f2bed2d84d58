"""Copies of trees that name their own pins, so that the farm reads them as it reads any tree."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path


def copy_with_pins(source: Path, target: Path, pins: Sequence[Path], *, layout: str = "") -> None:
    """A copy of ``source`` without its git folder, with the pin files and a ``farm.toml`` that names them in order.

    As a ``recipe-dir`` every recipe is read, whatever lists of failed builds say.
    """
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    names = [f"pins-{place}-{path.name}" for place, path in enumerate(pins)]
    for name, path in zip(names, pins, strict=True):
        shutil.copyfile(path, target / name)
    lines = ["[tree]", f"pins = {json.dumps(names)}", *([f'layout = "{layout}"'] if layout else [])]
    (target / "farm.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")
