"""What a whole tree says: the readings of its recipes put together, with no two files of one name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from controller.domain.errors import RecipeError
from controller.domain.recipes import Output, Reading, RecipeReading, Refusal
from controller.gateways.bodies import uncollected
from controller.gateways.checkouts import Checkout, open_checkout
from controller.gateways.layouts import RecipePlace
from controller.gateways.listing import Listing, list_folder
from controller.gateways.recipes import Recipe, name_recipe, read_recipe, variant_config
from controller.gateways.tree_file import ForeignFile, TreeFileError
from controller.gateways.variant_files import PinFile

Name = tuple[str, str, str]
"""Subdir, name, version."""


def read_tree(root: Path, subdirs: Sequence[str], commit: str) -> Reading:
    """All outputs of all recipes below a folder for ``subdirs``."""
    checkout = open_folder(root, commit)
    return read_places(checkout, list(checkout.readings(subdirs)))


def read_places(checkout: Checkout, wanted: Sequence[tuple[RecipePlace, str]]) -> Reading:
    """What some recipes of a tree say for some subdirs, read in this process."""
    recipes = checkout.recipes(place for place, _ in wanted)
    with uncollected():
        found = (read_recipe(recipes[place.folder], subdir)[0] for place, subdir in wanted)
        return put_together(checkout.commit, found)


def open_folder(root: Path, commit: str, foreign: Callable[[ForeignFile], PinFile] | None = None) -> Checkout:
    """A plain folder as a tree; its recipes are read where they are. Raises TreeError."""
    listing = list_folder(root)
    contents = _Files(root, listing)
    return open_checkout(commit, listing, contents, foreign or _nowhere, lambda folder, _: root / folder)


def put_together(commit: str, readings: Iterable[RecipeReading]) -> Reading:
    """What the readings say together. Who comes second with a file's name is refused.

    Of a noarch package that several platforms make differently the first one's is kept, as conda-build's users do.
    """
    found = _Gathered()
    for reading in readings:
        found.take(reading)
    return Reading(commit, tuple(found.outputs.values()), tuple(found.refusals.values()), tuple(found.skipped))


def name_outputs(checkout: Checkout, reading: Reading, numbers: Mapping[Name, int]) -> tuple[Output, ...]:
    """The outputs that ``numbers`` (subdir, name, version) speaks of, as they are named with those build numbers.

    Rendered again with the number in place, so that exact pins within a recipe name the final build strings.
    ``hash`` and ``fingerprint`` stay those of the reading: they say which package it is, whatever its number.
    """
    concerned = [output for output in reading.outputs if _name(output) in numbers]
    recipes = checkout.recipes(checkout.places[output.recipe] for output in concerned)
    renders: dict[tuple[str, str, int], Sequence[Output]] = {}
    named = []
    for output in concerned:
        at = (output.recipe, output.target_platform, numbers[_name(output)])
        if at not in renders:
            renders[at] = name_recipe(recipes[output.recipe], *at[1:])
        named.append(_same(output, renders[at]))
    return tuple(named)


def pinned_config(root: Path, recipe: str, subdir: str = "linux-64") -> str:
    """The YAML text of all variant files that apply in a folder below ``root``, be there a recipe or none."""
    checkout = open_folder(root, "")
    place = checkout.places.get(recipe)
    if place is not None:
        return variant_config(checkout.recipe(recipe), subdir)
    environment = tuple(sorted(checkout.tree_file.environment.items()))
    return variant_config(Recipe(recipe, "", root, pins=checkout.pins, environment=environment), subdir)


@dataclass(slots=True)
class _Gathered:
    outputs: dict[tuple[str, str], Output] = field(default_factory=dict)
    refusals: dict[tuple[str, str], Refusal] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def take(self, reading: RecipeReading) -> None:
        for refusal in reading.refusals:
            self.refusals.setdefault((refusal.file, refusal.cause), refusal)
        self.skipped += [f"{reading.recipe} ({subdir})" for subdir in reading.skipped]
        for output in reading.outputs:
            known = self.outputs.setdefault((output.subdir, output.file_name), output)
            if known.recipe != output.recipe:
                refusal = _made_twice(output, known)
                self.refusals[output.recipe, output.file_name] = refusal


def _made_twice(output: Output, known: Output) -> Refusal:
    cause = f"{output.subdir}/{output.file_name} would be made twice: {known.recipe} makes it already"
    remedy = "Give the two different names, build strings or variants."
    return Refusal(output.recipe, output.recipe, cause, remedy=remedy)


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


def _nowhere(pin: ForeignFile) -> PinFile:
    raise TreeFileError(f"the pins of {pin.tree} are not at hand here.", remedy="Push the tree to a farm, or plan it.")


@dataclass(slots=True)
class _Files:
    """The contents of a plain folder."""

    root: Path
    listing: Listing
    _paths: dict[str, str] = field(default_factory=dict)

    def read(self, blobs: Iterable[str], most: int | None = None) -> dict[str, bytes]:
        """By id; those that have more than ``most`` bytes are left out."""
        self._paths = self._paths or {entry.blob: entry.path for entry in self.listing.entries.values()}
        paths = {blob: self.root / self._paths[blob] for blob in blobs if blob in self._paths}
        return {blob: path.read_bytes() for blob, path in paths.items() if most is None or path.stat().st_size <= most}
