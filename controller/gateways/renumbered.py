"""What a recipe says once its text is another: read again beside its other files, in a folder of its own."""

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from controller.domain.recipes import Output
from controller.gateways.recipes import Recipe, read_recipe


@dataclass(frozen=True, slots=True)
class Reread:
    """What a recipe makes, without build strings; its build numbers; and what is wrong with it, if anything is."""

    makes: frozenset[tuple[str, ...]]
    numbers: frozenset[int]
    fault: str = ""


def reread(recipe: Recipe, text: bytes, subdirs: Iterable[str]) -> Reread:
    """The recipe with this text instead of its own, for these subdirs."""
    with tempfile.TemporaryDirectory(prefix="farm-renumbered-") as scratch:
        folder = Path(scratch) / "recipe"
        shutil.copytree(recipe.folder, folder, copy_function=shutil.copyfile)
        (folder / recipe.file).write_bytes(text)
        found = [read_recipe(replace(recipe, folder=folder), subdir)[0] for subdir in subdirs]
    outputs = [output for reading in found for output in reading.outputs]
    fault = next((refusal.cause for reading in found for refusal in reading.refusals), "")
    return Reread(frozenset(map(_made, outputs)), frozenset(output.build_number for output in outputs), fault)


def _made(output: Output) -> tuple[str, ...]:
    return (output.subdir, output.name, output.version, output.hash, output.fingerprint)
