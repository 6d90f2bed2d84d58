"""One recipe as the builder gets it: a document for every output of every variant."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rattler_build import RattlerBuildError, VariantConfig

from controller.domain.errors import RecipeError
from controller.gateways.faults import refusal_of
from controller.gateways.outlines import format_of
from controller.gateways.recipes import variant_config
from controller.gateways.rendering import RECIPE_FILE, Rendered, render


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


def renders(root: Path, recipe: str, subdir: str) -> Iterator[Render]:
    """Everything that the recipe in this folder renders to for a platform. Raises RecipeError with file and line."""
    try:
        if format_of(root, recipe) == "v0":
            raise RecipeError("recipes of the old form are not rendered yet", remedy="Convert it to recipe.yaml.")
        yield from _new(root, recipe, subdir)
    except (RattlerBuildError, ValueError, TypeError, OSError, RecipeError) as error:
        refusal = refusal_of(root, recipe, error)
        place = f"{refusal.file}:{refusal.line}" if refusal.line else refusal.file
        raise RecipeError(f"{place}: {refusal.cause}", remedy=refusal.remedy) from error


def _new(root: Path, recipe: str, subdir: str) -> Iterator[Render]:
    variants = VariantConfig.from_yaml(variant_config(root, recipe, subdir))
    for rendered in render(root / recipe / RECIPE_FILE, variants, subdir):
        yield Render(rendered, "noarch" if rendered.noarch else subdir)
