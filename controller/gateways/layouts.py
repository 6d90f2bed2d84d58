"""Layouts: which of a tree's paths are recipes, and which variant files go with them.

Paths alone decide, relative to the tree and with forward slashes, so that a folder and a git tree are read alike.
"""

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from posixpath import basename, dirname

from controller.gateways.tree_file import TREE_FILE, TreeFile, TreeFileError

RECIPE, OLD_RECIPE = "recipe.yaml", "meta.yaml"
VARIANT_FILES = ("conda_build_config.yaml", "variants.yaml")
"""Read at the root of the tree and beside each recipe, in this order; what is nearer to the recipe wins."""
NATIVE = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64")
"""Where emscripten-forge's own tools run."""
_EMSCRIPTEN = ("emscripten-wasm32",)
_MADE = frozenset({"output", "bld", "__pycache__"})
_FAILURE = re.compile(r"build_failure\.([a-z]+-[a-z0-9_]+)\.yaml")
_READY = ".ci_support/"


@dataclass(frozen=True, slots=True)
class RecipePlace:
    """Where one recipe is."""

    folder: str
    """Relative to the tree; ``.`` for its root."""
    file: str
    """``recipe.yaml``, or the old ``meta.yaml``; the new one where both are."""
    pins: tuple[str, ...] = ()
    """Variant files for it alone, in order: they win over those of the tree."""
    subdirs: tuple[str, ...] = ()
    """The only subdirs it is for; empty: all."""
    skip_listed: Mapping[str, str] = field(default_factory=dict)
    """Subdir to the record that may skip-list it there: see ``skip_lists.holds``."""
    ready: tuple[str, ...] = ()
    """The exact variant of each of its jobs at conda-forge (``.ci_support``), to compare with; they are no pins."""

    @property
    def path(self) -> str:
        """The recipe's file, relative to the tree."""
        return self.file if self.folder == "." else f"{self.folder}/{self.file}"


@dataclass(frozen=True, slots=True)
class Layout:
    """The recipes of a tree. ``kind`` is one of ``tree_file.LAYOUTS``."""

    kind: str
    places: tuple[RecipePlace, ...] = ()
    pins: tuple[str, ...] = ()
    """Variant files of all recipes, in order; those of other trees stand in ``TreeFile.pins``, in their order there."""
    skip_lists: tuple[str, ...] = ()
    """Files that may name recipes to leave out: see ``skip_lists.folders_in``."""


def find_layout(paths: Collection[str], tree_file: TreeFile) -> Layout:
    """The recipes among ``paths``, which are files; ``tree_file`` decides where it says something.

    Raises TreeFileError if it speaks of what is not there.
    """
    tree = _Tree.of(paths, tree_file)
    kind = tree_file.layout or _kind(tree)
    found = _KINDS[kind](tree)
    named = tuple(pin for pin in tree_file.pins if isinstance(pin, str))
    _check(tree, named)
    places = [_limited(place, tree_file.subdirs) for place in found.places]
    kept = tuple(place for place in places if place)
    return replace(found, kind=kind, places=kept, pins=named if tree_file.pins else found.pins)


@dataclass(frozen=True, slots=True)
class _Tree:
    folders: Mapping[str, Collection[str]]
    """Folder to the names of its files."""
    tree_file: TreeFile

    @staticmethod
    def of(paths: Iterable[str], tree_file: TreeFile) -> "_Tree":
        folders: dict[str, set[str]] = defaultdict(set)
        for path in paths:
            folder, _, name = path.rpartition("/")
            folders[folder or "."].add(name)
        return _Tree(dict(folders), tree_file)

    def files(self, folder: str, names: Iterable[str] = VARIANT_FILES) -> tuple[str, ...]:
        """Those of ``names`` that are in the folder, as paths."""
        there = self.folders.get(folder, ())
        return tuple(_join(folder, name) for name in names if name in there)

    def recipes_below(self, *roots: str) -> list[RecipePlace]:
        """At any depth; folders that are hidden or made by builds are left out."""
        return [
            place
            for folder in sorted(self.folders)
            if any(_admitted(folder, root) for root in roots)
            for place in self.place(folder)
        ]

    def place(self, folder: str) -> list[RecipePlace]:
        """The recipe in this very folder: none or one. An old recipe knows no ``variants.yaml``."""
        names = self.folders.get(folder, ())
        file = next((name for name in (RECIPE, OLD_RECIPE) if name in names), "")
        beside = VARIANT_FILES if file == RECIPE else VARIANT_FILES[:1]
        return [RecipePlace(folder, file, self.files(folder, beside) if folder != "." else ())] if file else []


def _recipe_dir(tree: _Tree) -> Layout:
    places = tree.recipes_below(*(tree.tree_file.recipes or (".",)))
    return Layout("", tuple(places), tree.files("."))


def _bioconda(tree: _Tree) -> Layout:
    """``recipes/NAME`` and ``recipes/NAME/VERSION``, as bioconda-utils finds them."""
    roots = _as_parents(tree.tree_file.recipes or ("recipes",))
    places = []
    for folder in sorted(tree.folders):
        above = folder.rpartition("/")[0]
        if folder != "." and (above in roots or above.rpartition("/")[0] in roots):
            places += [_with_failures(place, tree.folders[folder]) for place in tree.place(folder)]
    return Layout("", tuple(places), tree.files("."), tree.files(".", ("build-fail-blacklist",)))


def _with_failures(place: RecipePlace, names: Iterable[str]) -> RecipePlace:
    found = (_FAILURE.fullmatch(name) for name in sorted(names) if name.startswith("build_failure."))
    records = {match[1]: _join(place.folder, match[0]) for match in found if match}
    return replace(place, skip_listed=records) if records else place


def _feedstock(tree: _Tree) -> Layout:
    return Layout("", tuple(_of_feedstock(tree, ".")), tree.files("."))


def _feedstocks(tree: _Tree) -> Layout:
    """A folder of feedstocks; where conda-forge's pinning is one of them, its file pins the others."""
    roots = tree.tree_file.recipes or (".",)
    found = sorted(folder for folder in _feedstock_folders(tree) if dirname(folder) in _as_parents(roots))
    pinning = [tree.files(_join(folder, "recipe"), VARIANT_FILES[:1]) for folder in found if _is_pinning(folder)]
    places = [place for folder in found for place in _of_feedstock(tree, folder)]
    return Layout("", tuple(places), tuple(file for files in pinning for file in files) + tree.files("."))


def _as_parents(roots: Iterable[str]) -> set[str]:
    return {"" if root == "." else root for root in roots}


def _is_pinning(folder: str) -> bool:
    return basename(folder) == "conda-forge-pinning-feedstock"


def _feedstock_folders(tree: _Tree) -> set[str]:
    """Folders called NAME-feedstock that have a folder ``recipe``."""
    above = {folder.removesuffix("/recipe") for folder in tree.folders if folder.endswith("/recipe")}
    return {folder for folder in above if folder.endswith("-feedstock")}


def _of_feedstock(tree: _Tree, folder: str) -> list[RecipePlace]:
    ready = _join(folder, _READY.rstrip("/"))
    variants = tuple(_join(ready, name) for name in sorted(tree.folders.get(ready, ())) if name.endswith(".yaml"))
    return [replace(place, ready=variants) for place in tree.place(_join(folder, "recipe"))]


def _emscripten(tree: _Tree) -> Layout:
    """Tools that run where packages are built, and the packages themselves, which are for one platform."""
    native, target = (
        [replace(place, subdirs=subdirs) for place in tree.recipes_below(folder)]
        for folder, subdirs in (("recipes/recipes", NATIVE), ("recipes/recipes_emscripten", _EMSCRIPTEN))
    )
    return Layout("", (*native, *target), tree.files(".", ("variant.yaml", *VARIANT_FILES)))


def _generated(tree: _Tree) -> Layout:
    if not tree.tree_file.recipes:
        raise TreeFileError(
            "layout generated names no folder of recipes.", remedy='Say where they are: recipes = ["recipes"].'
        )
    return _recipe_dir(tree)


_KINDS: Mapping[str, Callable[[_Tree], Layout]] = {
    "recipe-dir": _recipe_dir,
    "bioconda": _bioconda,
    "feedstock": _feedstock,
    "feedstocks": _feedstocks,
    "emscripten-forge": _emscripten,
    "generated": _generated,
}


def _kind(tree: _Tree) -> str:
    """What the tree looks like; a layout of which only the recipes are known is that of any folder of recipes."""
    root = tree.folders.get(".", ())
    if tree.tree_file.recipes:
        return "recipe-dir"
    if "conda-forge.yml" in root and tree.place("recipe"):
        return "feedstock"
    if any(folder.startswith("recipes/recipes_emscripten/") for folder in tree.folders):
        return "emscripten-forge"
    if {"config.yml", "build-fail-blacklist"} <= set(root) or _has_failures(tree):
        return "bioconda"
    below = [folder for folder in _feedstock_folders(tree) if "/" not in folder]
    return "feedstocks" if any(tree.place(_join(folder, "recipe")) for folder in below) else "recipe-dir"


def _has_failures(tree: _Tree) -> bool:
    recipes = (names for folder, names in tree.folders.items() if folder.startswith("recipes/"))
    return any(name.startswith("build_failure.") for names in recipes for name in names)


def _admitted(folder: str, root: str) -> bool:
    """Whether the folder is ``root`` or below it, with nothing hidden or built between."""
    if root not in {".", folder} and not folder.startswith(f"{root}/"):
        return False
    below = folder if root == "." else folder[len(root) + 1 :]
    return not any(part in _MADE or (part.startswith(".") and part != ".") for part in below.split("/"))


def _limited(place: RecipePlace, subdirs: tuple[str, ...]) -> RecipePlace | None:
    """None if the place is for none of the tree's subdirs."""
    if not subdirs:
        return place
    kept = tuple(subdir for subdir in place.subdirs if subdir in subdirs) if place.subdirs else subdirs
    return replace(place, subdirs=kept) if kept else None


def _check(tree: _Tree, pins: Iterable[str]) -> None:
    """Whatever the tree's own file speaks of is there."""
    for pin in pins:
        if basename(pin) not in tree.folders.get(dirname(pin) or ".", ()):
            raise _missing(
                pin, "file", (_join(folder, name) for folder, names in tree.folders.items() for name in names)
            )
    for folder in tree.tree_file.recipes:
        if folder != "." and not any(_admitted(other, folder) for other in tree.folders):
            raise _missing(folder, "folder", tree.folders)


def _missing(path: str, what: str, there: Iterable[str]) -> TreeFileError:
    near = difflib.get_close_matches(path, sorted(there)[:10_000], 1)
    remedy = f"Did you mean {near[0]}?" if near else f"Correct {TREE_FILE}, or add the {what}."
    return TreeFileError(f"there is no {what} {path} in the tree.", remedy=remedy)


def _join(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}/{name}"
