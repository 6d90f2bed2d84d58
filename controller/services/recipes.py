"""Recipes of a tree, with no farm up: a folder as it is, or a revision of a repository."""

import difflib
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from controller.domain.errors import NotFoundError, TreeError
from controller.domain.recipes import Reading
from controller.gateways.checkouts import Checkout
from controller.gateways.layouts import RECIPE, RecipePlace
from controller.gateways.outlines import written
from controller.gateways.provided import provided_names
from controller.gateways.renders import Render, renders
from controller.gateways.tree_readings import open_folder, read_places
from controller.gateways.trees import Trees, is_repository
from controller.planning.lint import lint
from controller.services.answers.recipe_shapes import LintAnswer, RecipeList, RecipeView, RenderShape
from controller.services.answers.recipes import lint_answer, recipe_list, recipe_view, render_shape


@dataclass(frozen=True)
class RecipeTree:
    """A tree and what it says for some subdirs; read once, when first asked."""

    checkout: Checkout
    subdirs: tuple[str, ...]
    place: Path
    """Where people see it, so that folders can be named from here."""

    @cached_property
    def reading(self) -> Reading:
        """The whole tree."""
        return self._read(self.checkout.places)

    def format_of(self, recipe: str) -> str:
        """``v0`` or ``v1``."""
        return "v1" if self.checkout.places[recipe].file == RECIPE else "v0"

    def listing(self, pattern: str = "") -> RecipeList:
        """Packages by name, those that match a pattern."""
        elsewhere = len(self.checkout.places) - len(self._asked(self.checkout.places))
        return recipe_list(self.reading, self.format_of, pattern).model_copy(update={"elsewhere": elsewhere})

    def view(self, named: str) -> RecipeView:
        """One recipe by its folder, by its package or by the folder's last part. Raises NotFoundError."""
        return recipe_view(self.reading, self._folder_of(named), self.format_of)

    def lint(self, folders: Sequence[str] = (), channels: Sequence[str] = ()) -> LintAnswer:
        """Findings of the whole tree, or those about the recipes below some folders. Raises NotFoundError.

        With folders and no channels, nothing else is read, and the rules on how recipes meet see these alone.
        """
        asked = {recipe for named in folders for recipe in self._below(named)} if folders else self.checkout.places
        reading = self.reading if channels or not folders else self._read(asked)
        places = self._asked(self.checkout.places if channels else asked)
        texts = {folder: written(recipe) for folder, recipe in self.checkout.recipes(places).items()}
        provided = provided_names(channels, self.subdirs) if channels else None
        found = lint(reading, texts, provided)
        return lint_answer([finding for finding in found if finding.recipe in asked], len(texts.keys() & set(asked)))

    def render(self, named: str, wanted: Mapping[str, str]) -> tuple[RenderShape, ...]:
        """A recipe as the builder gets it, in those variants whose used keys have the wanted values.

        Raises NotFoundError and RecipeError.
        """
        folder = self._relative(named)
        recipe = self.checkout.recipe(folder if folder in self.checkout.places else self._folder_of(named))
        found = [made for subdir in self.subdirs for made in renders(recipe, subdir)]
        by_file = {(made.subdir, made.file_name): made for made in reversed(found) if _is_wanted(made, wanted)}
        if found and not by_file:
            raise NotFoundError(f"No variant of {recipe.recipe} has {_said(wanted)}.", remedy=_there(found))
        return tuple(render_shape(made) for made in reversed(by_file.values()))

    def _asked(self, folders: Collection[str]) -> list[RecipePlace]:
        """Recipes of these folders that are for any of the subdirs."""
        found = {place.folder: place for place, _ in self.checkout.readings(self.subdirs)}
        return [place for folder, place in found.items() if folder in folders]

    def _read(self, folders: Collection[str]) -> Reading:
        wanted = [(place, subdir) for place, subdir in self.checkout.readings(self.subdirs) if place.folder in folders]
        return read_places(self.checkout, wanted)

    def _below(self, named: str) -> set[str]:
        folder = self._relative(named)
        found = {at for at in self.checkout.places if folder in {at, "."} or at.startswith(f"{folder}/")}
        if not found:
            raise NotFoundError(f"There is no recipe in {named}.", remedy="Name a folder below --tree.")
        return found

    def _folder_of(self, named: str) -> str:
        folder, places = self._relative(named), self.checkout.places
        ends = [place for place in places if place.rpartition("/")[2] == named]
        if folder in places or len(ends) == 1:  # no need to read them all
            return folder if folder in places else ends[0]
        by_name = {place.rpartition("/")[2]: place for place in sorted(places, reverse=True)}
        by_name |= {output.name: output.recipe for output in reversed(self.reading.outputs)}
        if named not in by_name:
            near = difflib.get_close_matches(named, by_name, 3)
            remedy = f"Did you mean {', '.join(near)}?" if near else "See `farm recipe list`."
            raise NotFoundError(f"The tree has no recipe and no package {named}.", remedy=remedy)
        return by_name[named]

    def _relative(self, named: str) -> str:
        """A folder as the tree names it, said from here or from the tree."""
        here, root = Path(named).resolve(), self.place.resolve()
        inside = here.is_dir() and here.is_relative_to(root)
        return here.relative_to(root).as_posix() if inside else Path(named).as_posix().rstrip("/")


def _is_wanted(made: Render, wanted: Mapping[str, str]) -> bool:
    """Whether every wanted key that it uses has the value, and it uses one of them."""
    variant = made.rendered.variant
    used = wanted.keys() & variant.keys()
    return (bool(used) or not wanted) and all(variant[key] == wanted[key] for key in used)


def _said(values: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())


def _there(found: Sequence[Render]) -> str:
    return f"There is {'; '.join(dict.fromkeys(_said(made.rendered.variant) for made in found))}."


@contextmanager
def opened(tree: str, rev: str | None, subdirs: Sequence[str], native: str) -> Iterator[RecipeTree]:
    """A tree for a while: a local folder as it is now, uncommitted edits included; a revision in a scratch folder.

    Without subdirs it is read for those that it says it is for, or else for the native one. Raises TreeError if there
    is no such tree or revision.
    """
    with tempfile.TemporaryDirectory(prefix="farm-recipes-", ignore_cleanup_errors=True) as scratch:
        checkout = _checkout(tree, rev, Trees(Path(scratch)))
        yield RecipeTree(checkout, tuple(subdirs) or checkout.tree_file.subdirs or (native,), Path(tree))


def _checkout(tree: str, rev: str | None, trees: Trees) -> Checkout:
    if rev is not None and not is_repository(tree):
        raise TreeError(f"{tree} is no git repository and has no revision {rev}.", remedy="Leave --rev out.")
    bare = is_repository(tree) and not (Path(tree) / ".git").exists()
    if rev is None and Path(tree).is_dir() and not bare:
        return open_folder(Path(tree), "", trees.foreign)
    return trees.open(tree, trees.resolve(tree, rev))
