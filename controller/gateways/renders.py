"""One recipe as the builder gets it: a document for every output of every variant."""

from collections.abc import Iterator
from dataclasses import dataclass

from rattler_build import RattlerBuildError

from controller.domain.errors import RecipeError
from controller.gateways.faults import refusal_of
from controller.gateways.layouts import RECIPE
from controller.gateways.recipes import Recipe
from controller.gateways.rendering import Rendered, render
from controller.gateways.v0.reading import parts_of
from controller.gateways.variants import pins_for, variants_for


@dataclass(frozen=True, slots=True)
class Render:
    """An output as rendered, and what a translation from the old format lost on the way, construct by construct."""

    rendered: Rendered
    subdir: str
    lost: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """The package file it becomes."""
        return f"{self.rendered.name}-{self.rendered.version}-{self.rendered.build}.conda"


def renders(recipe: Recipe, subdir: str) -> Iterator[Render]:
    """Everything that a recipe renders to for a platform. Raises RecipeError with file and line."""
    try:
        yield from (_new if recipe.file == RECIPE else _old)(recipe, subdir)
    except (RattlerBuildError, ValueError, TypeError, RecursionError, OSError, RecipeError) as error:
        refusal = refusal_of(recipe.recipe, recipe.path, recipe.folder / recipe.file, error)
        place = f"{refusal.file}:{refusal.line}" if refusal.line else refusal.file
        raise RecipeError(f"{place}: {refusal.cause}", remedy=refusal.remedy) from error


def _new(recipe: Recipe, subdir: str) -> Iterator[Render]:
    variants = variants_for(recipe.pins_on(subdir), subdir, recipe.environment)
    for rendered in render(recipe.folder / recipe.file, variants, subdir):
        yield Render(rendered, "noarch" if rendered.noarch else subdir)


def _old(recipe: Recipe, subdir: str) -> Iterator[Render]:
    """Of each form its whole translation, or its skeleton where no builder could take it."""
    for part in parts_of(recipe.folder, pins_for(recipe.pins_on(subdir), subdir, recipe.environment), subdir):
        lost = [f"{loss.construct}: {loss.why.rstrip('.')}. {loss.remedy}".rstrip() for loss in part.losses]
        if part.unbuildable:
            lost.insert(0, f"cannot be built: {part.unbuildable}")
        for rendered in part.render(subdir):
            yield Render(rendered, "noarch" if rendered.noarch else subdir, tuple(lost))
