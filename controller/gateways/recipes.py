"""Reading one recipe, of either format: every output, for every variant of a subdir, as the builder would name it.

Nothing above knows which format it was. A recipe that cannot be read is told with its file, its line where known,
and what to do; it stops nobody else.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import structlog
from rattler_build import RattlerBuildError, VariantConfig

from controller.domain.errors import RecipeError
from controller.domain.recipes import Output, RecipeReading, Refusal
from controller.gateways.bare_process import ReaderLostError
from controller.gateways.faults import refusal_of
from controller.gateways.layouts import RECIPE
from controller.gateways.migrated import NO_MIGRATIONS, MigrationFiles, applying, asked_file, migrated
from controller.gateways.outputs import make_output
from controller.gateways.rendering import Rendered, render, variant_text
from controller.gateways.v0.reading import read_v0, translations
from controller.gateways.variant_files import PinFile
from controller.gateways.variants import Environment, pins_for, variants_for
from controller.planning.migrations import Group, Migration, are_named, with_groups
from workers.contract.jobs import Translation

log = structlog.get_logger(__name__)

READER_VERSION = "4"
"""Moves whenever the same files are read as something else: what was read before counts no more."""
_REFUSED = (RattlerBuildError, ValueError, TypeError, RecursionError, RecipeError)
_FAILED = (OSError, MemoryError, ReaderLostError)
"""This machine's faults, not the recipe's: another try may fare better."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe with all that its reading depends on."""

    recipe: str
    """Its folder within the tree; ``.`` for the root."""
    file: str
    """``recipe.yaml`` or ``meta.yaml``."""
    folder: Path
    """Where its files are now."""
    files: str = ""
    """Digest of its other files."""
    pins: tuple[PinFile, ...] = ()
    """In order: what comes later wins."""
    environment: Environment = ()
    """All that ``os.environ`` of selectors holds."""
    own: int = 0
    """How many of ``pins``, the last ones, are its own."""
    migrations: MigrationFiles = NO_MIGRATIONS
    asked: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Pins of the tree that somebody asks about, with other values than they have."""

    def pins_on(self, subdir: str) -> tuple[PinFile, ...]:
        """The pin files with what is asked and what its migrations make of them. Raises PinError and MigrationError."""
        pins = self.pins
        if self.asked:
            tree = pins[: len(pins) - self.own]
            asked = asked_file(tree, dict(self.asked), subdir, self.environment)
            pins = (*tree, asked, *pins[len(tree) :])
        if not self.migrations:
            return pins
        text = (self.folder / self.file).read_text(encoding="utf-8", errors="replace")
        groups = pins_for(pins, subdir, self.environment).zip_keys
        found = applying(self.migrations, self.recipe, subdir, self.environment, text, groups)
        laid = migrated(pins, subdir, self.environment, tuple(found))
        for failed in laid.failed:
            if self._needs(failed.migration, text, groups):
                raise failed.error
        return laid.files

    def _needs(self, migration: Migration, text: str, groups: Sequence[Group]) -> bool:
        """Whether it cannot be read without a migration: its own, or one of a pin that it names."""
        own = any(file.name == migration.name for file in self.migrations.own)
        return own or are_named(with_groups(migration.keys, groups), text)

    @property
    def path(self) -> str:
        """The recipe's file, relative to the tree."""
        return self.file if self.recipe == "." else f"{self.recipe}/{self.file}"


@dataclass(frozen=True, slots=True)
class BuildTexts:
    """What a worker needs beside the recipe's folder to get the same names."""

    recipe_file: str
    variant_config: str
    translations: tuple[Translation, ...] = ()


def read_recipe(recipe: Recipe, subdir: str) -> tuple[RecipeReading, bool]:
    """What it says for a subdir, and whether it will say so again: not when the fault was this machine's."""
    try:
        outputs = name_recipe(recipe, subdir)
    except _FAILED as error:
        return refused(recipe, error), False
    except _REFUSED as error:
        return refused(recipe, error), True
    except Exception as error:  # a fault of ours over one recipe must not stop ten thousand others
        log.exception("the reader broke down over a recipe", recipe=recipe.path, subdir=subdir)
        return refused(recipe, _broken_down(error)), False
    return RecipeReading(recipe.recipe, outputs, skipped=() if outputs else (subdir,)), True


def _broken_down(error: Exception) -> RecipeError:
    return RecipeError(
        f"the reader broke down over it: {type(error).__name__}: {error}.",
        remedy="This is a fault of the farm: report it with the recipe.",
    )


def name_recipe(recipe: Recipe, subdir: str, number: int | None = None) -> tuple[Output, ...]:
    """Its outputs for a subdir; ``number`` takes the place of its own build number.

    Raises the builder's errors, RecipeError and OSError.
    """
    if recipe.file != RECIPE:
        pins = pins_for(recipe.pins_on(subdir), subdir, recipe.environment)
        return read_v0(recipe.folder, recipe.recipe, pins, subdir, recipe.files, number)
    path, variants = recipe.folder / RECIPE, _variants(recipe, subdir)
    found = render(path, variants, subdir, number)
    named = zip(found, _lasting(found, path, variants, subdir), strict=True)
    return tuple(make_output(one, found, recipe.recipe, subdir, kept, recipe.files) for one, kept in named)


def build_texts(recipe: Recipe, subdir: str, wanted: Collection[Output]) -> BuildTexts:
    """What builds ``wanted``, which carry their final build numbers. Raises RecipeError."""
    if recipe.file == RECIPE:
        return BuildTexts(recipe.file, variant_config(recipe, subdir))
    pins = pins_for(recipe.pins_on(subdir), subdir, recipe.environment)
    return BuildTexts(recipe.file, "{}\n", translations(recipe.folder, pins, subdir, wanted))


def variant_config(recipe: Recipe, subdir: str) -> str:
    """All variant files of a recipe, merged for a platform, as YAML text. Raises RecipeError."""
    return _text_of(recipe.pins_on(subdir), subdir, recipe.environment)


@lru_cache(maxsize=64)
def _text_of(pins: tuple[PinFile, ...], subdir: str, environment: Environment) -> str:
    return variant_text(variants_for(pins, subdir, environment))


def _variants(recipe: Recipe, subdir: str) -> VariantConfig:
    return variants_for(recipe.pins_on(subdir), subdir, recipe.environment)


def _lasting(found: Sequence[Rendered], path: Path, variants: VariantConfig, subdir: str) -> list[str]:
    """An exact pin carries its sibling's build number into the hash: taken at number 0, the hash lasts."""
    if any(rendered.exact for rendered in found):
        return [rendered.hash for rendered in render(path, variants, subdir, 0)]
    return [rendered.hash for rendered in found]


def refused(recipe: Recipe, error: Exception) -> RecipeReading:
    """What a recipe says whose reading raised ``error``."""
    refusal: Refusal = refusal_of(recipe.recipe, recipe.path, recipe.folder / recipe.file, error)
    return RecipeReading(recipe.recipe, refusals=(refusal,))
