"""Reading a recipe tree: every output, for every variant and every subdir, as the builder would name it.

A recipe that cannot be read is told with its file, its line where known, and what to do; it stops nobody else.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from rattler_build import RattlerBuildError, VariantConfig

from controller.domain.errors import RecipeError
from controller.domain.recipes import Output, Reading, Refusal
from controller.gateways.faults import refusal_of
from controller.gateways.outputs import make_output
from controller.gateways.rendering import RECIPE_FILE, Rendered, load_variants, render, variant_text
from controller.gateways.trees import files_below

VARIANT_FILES = ("conda_build_config.yaml", "variants.yaml")
"""Read at the root of the tree and beside each recipe, in this order; what is nearer to the recipe wins."""

_FAULTS = (RattlerBuildError, ValueError, TypeError, OSError, RecipeError)
Name = tuple[str, str, str]
"""Subdir, name, version."""


def read_tree(checkout: Path, subdirs: Sequence[str], commit: str) -> Reading:
    """All outputs of all recipes below ``checkout`` for ``subdirs``; equal noarch renders are told once."""
    tree = _Tree(checkout)
    reading = _Gathered()
    for recipe in find_recipes(checkout):
        _read_recipe(tree, recipe, subdirs, reading)
    for folder in _old_recipes(checkout):
        reading.refusals[folder, "old"] = _old(folder)
    return Reading(commit, tuple(reading.outputs.values()), tuple(reading.refusals.values()), tuple(reading.skipped))


def name_outputs(checkout: Path, reading: Reading, numbers: Mapping[Name, int]) -> tuple[Output, ...]:
    """The outputs that ``numbers`` (subdir, name, version) speaks of, as they are named with those build numbers.

    Rendered again with the number in place, so that exact pins within a recipe name the final build strings.
    ``hash`` and ``fingerprint`` stay those of the reading: they say which package it is, whatever its number.
    """
    tree = _Tree(checkout)
    concerned = [output for output in reading.outputs if _name(output) in numbers]
    renders: dict[tuple[str, str, int], list[Output]] = {}
    named = []
    for output in concerned:
        at = (output.recipe, output.target_platform, numbers[_name(output)])
        if at not in renders:
            renders[at] = list(tree.outputs(*at))
        named.append(_same(output, renders[at]))
    return tuple(named)


def variant_config(checkout: Path, recipe: str, target_platform: str = "linux-64") -> str:
    """The YAML text with which a worker gets the same names: all variant files of a recipe, merged for a platform."""
    return variant_text(_Tree(checkout).variants(recipe, target_platform))


def find_recipes(checkout: Path) -> list[str]:
    """Every folder that holds a recipe, relative to the tree, at any depth; dot-folders and build output left out."""
    return [folder for folder, names in _folders(checkout) if RECIPE_FILE in names]


@dataclass(slots=True)
class _Gathered:
    outputs: dict[Name | tuple[str, ...], Output] = field(default_factory=dict)
    refusals: dict[tuple[str, str], Refusal] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Tree:
    """One checkout; variant files and the digests of recipe folders are read once each."""

    root: Path
    _variants: dict[tuple[tuple[Path, ...], str], VariantConfig] = field(default_factory=dict)
    _files: dict[str, str] = field(default_factory=dict)

    def outputs(self, recipe: str, subdir: str, number: int | None = None) -> Iterator[Output]:
        """A recipe's outputs for a subdir. Raises the builder's errors."""
        path, variants = self.root / recipe / RECIPE_FILE, self.variants(recipe, subdir)
        found = render(path, variants, subdir, number)
        for rendered, lasting in zip(found, self._hashes(found, path, variants, subdir), strict=True):
            yield make_output(rendered, found, recipe, subdir, lasting, self.files_digest(recipe))

    def _hashes(self, found: list[Rendered], path: Path, variants: VariantConfig, subdir: str) -> list[str]:
        """An exact pin carries its sibling's build number into the hash: taken at number 0, the hash lasts."""
        if any(rendered.exact for rendered in found):
            return [rendered.hash for rendered in render(path, variants, subdir, 0)]
        return [rendered.hash for rendered in found]

    def variants(self, recipe: str, subdir: str) -> VariantConfig:
        """What the recipe is rendered with for a platform."""
        places = (self.root, self.root / recipe) if recipe != "." else (self.root,)
        files = tuple(place / name for place in places for name in VARIANT_FILES if (place / name).is_file())
        if (files, subdir) not in self._variants:
            self._variants[files, subdir] = _load(files, subdir, self.root)
        return self._variants[files, subdir]

    def files_digest(self, recipe: str) -> str:
        """Digest of all other files of the recipe's folder, but not of recipes within it."""
        if recipe not in self._files:
            digest = sha256()
            for name, path in _own_files(self.root / recipe):
                data = path.read_bytes() if path.is_file() else b""
                digest.update(f"{name}\0{path.stat().st_mode & 0o100}\0{len(data)}\0".encode() + data)
            self._files[recipe] = digest.hexdigest()
        return self._files[recipe]


def _read_recipe(tree: _Tree, recipe: str, subdirs: Sequence[str], into: _Gathered) -> None:
    for subdir in subdirs:
        try:
            outputs = list(tree.outputs(recipe, subdir))
        except _FAULTS as error:
            refusal = refusal_of(tree.root, recipe, error)
            into.refusals.setdefault((refusal.file, refusal.cause), refusal)
            continue
        if not outputs:
            into.skipped.append(f"{recipe} ({subdir})")
        for output in outputs:
            _take(output, into)


def _take(output: Output, into: _Gathered) -> None:
    known = into.outputs.setdefault((output.subdir, output.file_name), output)
    if known.recipe != output.recipe:
        into.refusals[output.recipe, output.file_name] = _refused_name(output, f"{known.recipe} makes it already")
    elif known.fingerprint != output.fingerprint:
        why = f"it differs between {known.target_platform} and {output.target_platform}"
        into.refusals[output.recipe, output.file_name] = _refused_name(output, why)


def _refused_name(output: Output, why: str) -> Refusal:
    cause = f"{output.subdir}/{output.file_name} would be made twice: {why}"
    remedy = "Give the two different names, build strings or variants."
    return Refusal(output.recipe, f"{output.recipe}/{RECIPE_FILE}", cause, remedy=remedy)


def _same(output: Output, renders: Sequence[Output]) -> Output:
    for named in renders:
        if named.key == output.key and named.version == output.version:
            return replace(named, fingerprint=output.fingerprint)
    raise RecipeError(
        f"{output.recipe}: {output.name} {output.version} is gone once its build number is set.",
        remedy="Let nothing but the build string of the recipe depend on its build number.",
    )


def _name(output: Output) -> Name:
    return (output.subdir, output.name, output.version)


def _load(files: tuple[Path, ...], subdir: str, root: Path) -> VariantConfig:
    if not files:
        return VariantConfig()
    for index in range(len(files)):  # one after the other first, so that the broken one can be named
        try:
            load_variants(files[: index + 1], subdir)
        except _FAULTS as error:
            raise VariantsError(files[index].relative_to(root).as_posix(), str(error)) from error
    return load_variants(files, subdir)


class VariantsError(RecipeError):
    """A variant file cannot be read."""

    def __init__(self, file: str, cause: str) -> None:
        super().__init__(cause, remedy="Repair the file; no recipe that it applies to can be read before.")
        self.file = file


def _folders(root: Path) -> Iterator[tuple[str, set[str]]]:
    for place, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(place).relative_to(root).as_posix(), set(files)


def _own_files(folder: Path) -> Iterator[tuple[str, Path]]:
    within = [f"{name}/" for name, files in _folders(folder) if RECIPE_FILE in files and name != "."]
    skipped = {RECIPE_FILE, *VARIANT_FILES}
    for name, path in files_below(folder):
        if name not in skipped and not name.startswith(tuple(within)):
            yield name, path


def _old_recipes(root: Path) -> Iterator[str]:
    for folder, names in _folders(root):
        if "meta.yaml" in names and RECIPE_FILE not in names:
            yield folder


def _old(folder: str) -> Refusal:
    return Refusal(
        folder, f"{folder}/meta.yaml", "recipes of the old form (meta.yaml) are not read yet",
        remedy="Convert it to recipe.yaml.",
    )  # fmt: skip
