"""Recipes of a tree, with no farm up: a folder as it is, or a revision of a repository."""

import difflib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from controller.domain.errors import NotFoundError, TreeError
from controller.domain.recipes import Reading
from controller.gateways.outlines import OLD_FILE, format_of, written
from controller.gateways.provided import provided_names
from controller.gateways.recipes import read_tree
from controller.gateways.rendering import RECIPE_FILE
from controller.gateways.renders import Render, renders
from controller.gateways.trees import Trees, is_repository
from controller.planning.lint import lint
from controller.services.answers.recipe_shapes import LintAnswer, RecipeList, RecipeView, RenderShape
from controller.services.answers.recipes import lint_answer, recipe_list, recipe_view, render_shape


@dataclass(frozen=True)
class RecipeTree:
    """The files of a tree and what they say for some subdirs; read once, when first asked."""

    root: Path
    subdirs: tuple[str, ...]

    @cached_property
    def reading(self) -> Reading:
        """The whole tree."""
        return read_tree(self.root, self.subdirs, "")

    def format_of(self, recipe: str) -> str:
        """``v0`` or ``v1``."""
        return format_of(self.root, recipe)

    def listing(self, pattern: str = "") -> RecipeList:
        """Packages by name, those that match a pattern."""
        return recipe_list(self.reading, self.format_of, pattern)

    def view(self, named: str) -> RecipeView:
        """One recipe by its folder, by its package or by the folder's last part. Raises NotFoundError."""
        return recipe_view(self.reading, self._folder_of(named), self.format_of)

    def lint(self, folders: Sequence[str] = (), channels: Sequence[str] = ()) -> LintAnswer:
        """Findings of the whole tree, or those about some of its recipe folders. Raises NotFoundError."""
        recipes = self._recipes()
        asked = {folder for named in folders for folder in self._below(named, recipes)} if folders else recipes
        texts = {recipe: written(self.root, recipe) for recipe in sorted(recipes)}
        provided = provided_names(channels, self.subdirs) if channels else None
        found = lint(self.reading, texts, provided)
        return lint_answer([finding for finding in found if finding.recipe in asked], len(asked))

    def render(self, named: str, wanted: Mapping[str, str]) -> tuple[RenderShape, ...]:
        """A recipe as the builder gets it, in those variants whose used keys have the wanted values.

        Raises NotFoundError and RecipeError.
        """
        recipe = self._relative(named)
        if not any((self.root / recipe / name).is_file() for name in (RECIPE_FILE, OLD_FILE)):
            recipe = self._folder_of(named)
        found = [made for subdir in self.subdirs for made in renders(self.root, recipe, subdir)]
        by_file = {(made.subdir, made.file_name): made for made in reversed(found) if _is_wanted(made, wanted)}
        if found and not by_file:
            raise NotFoundError(f"No variant of {recipe} has {_said(wanted)}.", remedy=f"There is {_there(found)}.")
        return tuple(render_shape(made) for made in reversed(by_file.values()))

    def _below(self, named: str, recipes: set[str]) -> set[str]:
        folder = self._relative(named)
        found = {recipe for recipe in recipes if folder in {recipe, "."} or recipe.startswith(f"{folder}/")}
        if not found:
            raise NotFoundError(f"There is no recipe in {named}.", remedy="Name a folder below --tree.")
        return found

    def _recipes(self) -> set[str]:
        """Every folder with a recipe, read or not."""
        found = {output.recipe for output in self.reading.outputs}
        found |= {refusal.recipe for refusal in self.reading.refusals}
        return found | {entry.rpartition(" (")[0] for entry in self.reading.skipped}

    def _folder_of(self, named: str) -> str:
        folder, recipes = self._relative(named), self._recipes()
        if folder in recipes:
            return folder
        by_name = {recipe.rpartition("/")[2]: recipe for recipe in sorted(recipes, reverse=True)}
        by_name |= {output.name: output.recipe for output in reversed(self.reading.outputs)}
        if named not in by_name:
            near = difflib.get_close_matches(named, by_name, 3)
            remedy = f"Did you mean {', '.join(near)}?" if near else "See `farm recipe list`."
            raise NotFoundError(f"The tree has no recipe and no package {named}.", remedy=remedy)
        return by_name[named]

    def _relative(self, named: str) -> str:
        """A folder as the tree names it, said from here or from the tree."""
        here = Path(named).resolve()
        inside = here.is_dir() and here.is_relative_to(self.root.resolve())
        return here.relative_to(self.root.resolve()).as_posix() if inside else Path(named).as_posix().rstrip("/")


def _is_wanted(made: Render, wanted: Mapping[str, str]) -> bool:
    """Whether every wanted key that it uses has the value, and it uses one of them."""
    variant = made.rendered.variant
    used = wanted.keys() & variant.keys()
    return (bool(used) or not wanted) and all(variant[key] == wanted[key] for key in used)


def _said(values: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())


def _there(found: Sequence[Render]) -> str:
    return "; ".join(dict.fromkeys(_said(made.rendered.variant) for made in found))


@contextmanager
def opened(tree: str, rev: str | None, subdirs: Sequence[str]) -> Iterator[RecipeTree]:
    """A tree for a while: a local folder as it is now, uncommitted edits included; a revision in a scratch folder.

    Raises TreeError if there is no such tree or revision.
    """
    bare = is_repository(tree) and not (Path(tree) / ".git").exists()
    if rev is None and Path(tree).is_dir() and not bare:
        yield RecipeTree(Path(tree), tuple(subdirs))
        return
    if rev is not None and not is_repository(tree):
        raise TreeError(f"{tree} is no git repository and has no revision {rev}.", remedy="Leave --rev out.")
    with tempfile.TemporaryDirectory(prefix="farm-recipes-", ignore_cleanup_errors=True) as scratch:
        trees = Trees(Path(scratch))
        yield RecipeTree(trees.checkout(tree, trees.resolve(tree, rev)), tuple(subdirs))
