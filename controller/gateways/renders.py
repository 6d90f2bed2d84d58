"""One recipe as the builder gets it: a document for every output of every variant."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rattler_build import RattlerBuildError, VariantConfig

from controller.domain.errors import RecipeError
from controller.gateways.faults import refusal_of
from controller.gateways.outlines import OLD_FILE, format_of
from controller.gateways.pins import NO_PINS, Pins
from controller.gateways.recipes import VARIANT_FILES, variant_config
from controller.gateways.rendering import RECIPE_FILE, Rendered, render
from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.reading import parts_of
from controller.gateways.variant_files import OLD_NAME, PinFile, read_pins


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
    old = format_of(root, recipe) == "v0"
    try:
        yield from (_old if old else _new)(root, recipe, subdir)
    except V0Error as error:
        raise _said((Path(recipe) / OLD_FILE).as_posix(), error.line, error.what, error.remedy) from error
    except (RattlerBuildError, ValueError, TypeError, OSError, RecipeError) as error:
        refusal = refusal_of(root, recipe, error)
        raise _said(refusal.file, refusal.line, refusal.cause, refusal.remedy) from error


def _said(file: str, line: int | None, cause: str, remedy: str) -> RecipeError:
    place = f"{file}:{line}" if line else file
    return RecipeError(f"{place}: {cause}", remedy=remedy or "Correct the file and try again.")


def _new(root: Path, recipe: str, subdir: str) -> Iterator[Render]:
    variants = VariantConfig.from_yaml(variant_config(root, recipe, subdir))
    for rendered in render(root / recipe / RECIPE_FILE, variants, subdir):
        yield Render(rendered, "noarch" if rendered.noarch else subdir)


def _old(root: Path, recipe: str, subdir: str) -> Iterator[Render]:
    """Of each form its whole translation, or its skeleton where no builder could take it."""
    for part in parts_of(root / recipe, _pins(root, recipe, subdir), subdir):
        lost = [f"{loss.construct}: {loss.why.rstrip('.')}. {loss.remedy}".rstrip() for loss in part.losses]
        if part.unbuildable:
            lost.insert(0, f"cannot be built: {part.unbuildable}")
        for rendered in part.render(subdir):
            yield Render(rendered, "noarch" if rendered.noarch else subdir, tuple(lost))


def _pins(root: Path, recipe: str, subdir: str) -> Pins:
    """Those at the root of the tree, and those beside the recipe."""
    files = [root / name for name in VARIANT_FILES]
    files += [root / recipe / OLD_NAME] if recipe != "." else []
    there = [PinFile(path.relative_to(root).as_posix(), path.read_bytes()) for path in files if path.is_file()]
    return read_pins(there, subdir) if there else NO_PINS
