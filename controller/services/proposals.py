"""What people would have to write into recipes, as diffs that `git apply` takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.domain.artifacts import Artifact
from controller.domain.plans import Decision
from controller.gateways.patches import patch_of
from controller.gateways.spec_edits import edited
from controller.planning.edits import Edit, of_recipe, proposed
from controller.services.trees import Standing


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person would write into one recipe. ``open`` are specs for which nothing can be proposed."""

    recipe: str
    diff: str
    open: tuple[str, ...] = ()


def proposals(standing: Standing, decision: Decision, there: Sequence[Artifact]) -> tuple[Proposal, ...]:
    """The edits that a decision asks for, written into the recipes as they stand. ``there`` is what the target has."""
    return tuple(_written(standing, dict(of_recipe(proposed(decision, there)))))


def _written(standing: Standing, by_recipe: Mapping[str, Sequence[Edit]]) -> Iterator[Proposal]:
    for checkout, folders in standing.by_checkout(by_recipe):
        for label, folder in folders.items():
            recipe = checkout.recipe(folder)
            text = (recipe.folder / recipe.file).read_bytes().decode("utf-8", "surrogateescape")
            changes = [(edit.old, edit.new) for edit in by_recipe[label] if edit.new]
            after, missing = edited(text, changes)
            unknown = (edit.old for edit in by_recipe[label] if not edit.new)
            yield Proposal(label, patch_of(recipe.path, text, after), tuple(dict.fromkeys((*missing, *unknown))))
