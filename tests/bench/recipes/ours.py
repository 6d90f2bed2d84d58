"""Our reading of single recipes, old or new, with pin files given from outside of the tree."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rattler_build import RattlerBuildError, VariantConfig

from controller.domain.errors import RecipeError
from controller.domain.recipes import Output
from controller.gateways.outputs import make_output
from controller.gateways.pins import Pins
from controller.gateways.rendering import RECIPE_FILE, Rendered, load_variants, render
from controller.gateways.v0.evaluating import Source
from controller.gateways.v0.matrix import Member, evaluated, members
from controller.gateways.v0.reading import as_text, parts_of, read_v0
from controller.gateways.v0.translation.whole import skeleton
from controller.gateways.variant_files import PinFile, read_pins

OLD_FILE = "meta.yaml"
OWN_PINS = ("conda_build_config.yaml", "variants.yaml")
"""Beside a recipe; an old one takes the first alone."""
FAULTS = (RecipeError, RattlerBuildError, ValueError, TypeError, OSError)


@dataclass(slots=True)
class Reader:
    """Reads recipes of one tree for one subdir; pin files are read once for each set of them."""

    tree: Path
    subdir: str
    pin_files: Sequence[Path] = ()
    _pins: dict[tuple[Path, ...], Pins] = field(default_factory=dict)
    _variants: dict[tuple[Path, ...], VariantConfig] = field(default_factory=dict)

    def outputs(self, recipe: str) -> tuple[Output, ...]:
        """Every output of a recipe; none when it skips itself. Raises one of FAULTS."""
        folder = self.tree / recipe
        if is_old(folder):
            return read_v0(folder, recipe, self.pins(recipe), self.subdir, "")
        found = render(folder / RECIPE_FILE, self._new_variants(recipe), self.subdir)
        return tuple(make_output(each, found, recipe, self.subdir, each.hash, "") for each in found)

    def checks(self, recipe: str) -> dict[str, frozenset[int]]:
        """Imports and commands of the tests of each output of an old recipe, as they were translated.

        What conda-build finds by its name (``run_test.sh``) is no command of the recipe and is not counted.
        """
        found: dict[str, frozenset[int]] = {}
        for part in parts_of(self.tree / recipe, self.pins(recipe), self.subdir):
            document = json.loads(part.text)
            for output in document.get("outputs") or [document]:
                name = part_name(output)
                if name and not part.unbuildable:
                    found[name] = found.get(name, frozenset()) | {sum(map(_checks, output.get("tests") or []))}
        return found

    def names_both_ways(self, recipe: str) -> tuple[set[str], set[str]]:
        """The file names of an old recipe by its whole translation, and by its skeleton."""
        pins, folder = self.pins(recipe), self.tree / recipe
        groups = list(groups_of(members(Source.read(folder), pins, self.subdir)))
        parts = list(parts_of(folder, pins, self.subdir))
        if len(parts) != len(groups):  # forms of which every output skips itself
            return set(), set()
        whole: set[str] = set()
        bones: set[str] = set()
        for part, group in zip(parts, groups, strict=True):
            thin = as_text(skeleton(evaluated(group, pins), folder, self.subdir, pins.pin_run_as_build))
            whole |= {_file(each) for each in part.rendered}
            bones |= {_file(each) for each in replace(part, text=thin, rendered=[]).render(self.subdir)}
        return whole, bones

    def pins(self, recipe: str) -> Pins:
        """What the pin files say for a recipe, its own last."""
        files = self._files(recipe)
        if files not in self._pins:
            self._pins[files] = read_pins([PinFile(path.as_posix(), path.read_bytes()) for path in files], self.subdir)
        return self._pins[files]

    def _new_variants(self, recipe: str) -> VariantConfig:
        files = self._files(recipe)
        if files not in self._variants:
            self._variants[files] = load_variants(files, self.subdir) if files else VariantConfig()
        return self._variants[files]

    def _files(self, recipe: str) -> tuple[Path, ...]:
        folder = self.tree / recipe
        own = (folder / name for name in (OWN_PINS[:1] if is_old(folder) else OWN_PINS))
        return (*self.pin_files, *(path for path in own if path.is_file()))


def is_old(folder: Path) -> bool:
    """Whether the folder's recipe is of the old format; where both are there it is the new one."""
    return not (folder / RECIPE_FILE).is_file()


def recipes_below(tree: Path) -> list[str]:
    """Every folder with a recipe of either format, relative to the tree, sorted; dot-folders left out."""
    found = {path.parent.relative_to(tree) for name in (OLD_FILE, RECIPE_FILE) for path in tree.rglob(name)}
    return sorted(path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts))


def part_name(output: dict[str, Any]) -> str:
    """The package that an entry of a translated document makes; empty for a staging output."""
    return str((output.get("package") or {}).get("name") or "").lower()


def groups_of(found: Sequence[Member]) -> Iterator[list[Member]]:
    """Combinations that share a form."""
    groups: dict[int, list[Member]] = {}
    for member in found:
        groups.setdefault(id(member.form), []).append(member)
    yield from groups.values()


def _file(rendered: Rendered) -> str:
    return f"{rendered.name}-{rendered.version}-{rendered.build}"


def _checks(test: Mapping[str, Any]) -> int:
    listed = [(test.get("python") or {}).get("imports"), (test.get("perl") or {}).get("uses")]
    listed += [(test.get("r") or {}).get("libraries"), test.get("script")]
    return sum(1 for entries in listed for entry in entries or () if "run_test." not in entry)
