"""The cold reading of a whole tree, with pin files given from outside of it."""

from collections.abc import Sequence
from pathlib import Path

from controller.domain.recipes import Output, Reading, Refusal
from tests.bench.recipes.ours import FAULTS, Reader, recipes_below


def read_whole(tree: Path, subdir: str, pins: Sequence[Path]) -> Reading:
    """Every recipe, one after the other in one process."""
    reader = Reader(tree, subdir, pins)
    outputs: list[Output] = []
    refusals: list[Refusal] = []
    skipped: list[str] = []
    for recipe in recipes_below(tree):
        try:
            found = reader.outputs(recipe)
        except FAULTS as error:
            refusals.append(Refusal(recipe, recipe, str(error)))
            continue
        outputs += found
        if not found:
            skipped.append(recipe)
    return Reading("", tuple(outputs), tuple(refusals), tuple(skipped))
