"""Recipes as rendered: outputs with their requirements and exports, per variant and subdir."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Section(StrEnum):
    """Where a requirement stands in a recipe."""

    BUILD = "build"
    HOST = "host"
    RUN = "run"
    CONSTRAINS = "constrains"
    TEST = "test"


class Origin(StrEnum):
    """Where a requirement's bound comes from; R8 and R1 differ by nothing else."""

    TEXT = "text"
    """Written in the recipe."""
    EXACT_PIN = "exact pin"
    """``pin_subpackage(..., exact=True)``: version and build string."""
    PIN_SUBPACKAGE = "pin_subpackage"
    PIN_COMPATIBLE = "pin_compatible"
    VARIANT = "variant"
    """A bare name with a key of that name in the pin files."""
    RUN_EXPORT = "run_export"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of one output. ``spec`` is a conda match spec whose first word is ``name``."""

    section: Section
    name: str
    spec: str
    origin: Origin = Origin.TEXT


@dataclass(frozen=True, slots=True)
class RunExports:
    """What a package gives to those that have it in build or host: match specs (rebuild-semantics 2.2)."""

    weak: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    noarch: tuple[str, ...] = ()
    weak_constrains: tuple[str, ...] = ()
    strong_constrains: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.weak, self.strong, self.noarch, self.weak_constrains, self.strong_constrains))


NO_EXPORTS = RunExports()


@dataclass(frozen=True, slots=True)
class Output:
    """One output of one recipe for one subdir and one used variant, rendered but not built.

    ``hash`` is the builder's hash of the used variant (rebuild-semantics 2.4); ``build`` ends in the
    build number the recipe itself names. ``fingerprint`` covers all that can alter the build: the
    rendered recipe without its prose, and the other files of its folder.
    """

    recipe: str
    """Folder of the recipe, relative to the tree, with forward slashes."""
    name: str
    version: str
    build: str
    build_number: int
    hash: str
    subdir: str
    target_platform: str
    noarch: str = ""
    """Empty, ``generic`` or ``python``."""
    variant: Mapping[str, str] = field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    run_exports: RunExports = NO_EXPORTS
    ignored_exports: frozenset[str] = frozenset()
    """Names whose exports are not taken (``ignore_run_exports.by_name``)."""
    ignored_exporters: frozenset[str] = frozenset()
    """Packages whose exports are not taken (``ignore_run_exports.from_package``)."""
    tests: int = 0
    test_requirements: tuple[str, ...] = ()
    """Match specs that only its tests need."""
    fingerprint: str = ""
    unbuildable: str = ""
    """Why no worker can build it as it is written, in a sentence; empty when one can."""

    @property
    def file_name(self) -> str:
        """The package file this output becomes."""
        return f"{self.name}-{self.version}-{self.build}.conda"

    @property
    def key(self) -> tuple[str, str, str]:
        """What is the same package before and after a rebuild: subdir, name, hash of the used variant."""
        return (self.subdir, self.name, self.hash)

    def takes_nothing_of(self, package: str) -> bool:
        """Whether it names the package in host and takes none of its exports, as for a stable interface."""
        named = any(r.name == package and r.section is Section.HOST for r in self.requirements)
        return named and not self.noarch and package in self.ignored_exporters

    def in_section(self, *sections: Section) -> tuple[Requirement, ...]:
        """The requirements of these sections, in the recipe's order."""
        return tuple(r for r in self.requirements if r.section in sections)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recipe that could not be read: it is reported and stops nobody else."""

    recipe: str
    file: str
    cause: str
    line: int | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class RecipeReading:
    """What one recipe folder says, for the subdirs that were asked for."""

    recipe: str
    outputs: tuple[Output, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    skipped: tuple[str, ...] = ()
    """Subdirs for which the recipe skips itself."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a tree says at one commit, for the subdirs that were asked for."""

    commit: str
    outputs: tuple[Output, ...]
    refusals: tuple[Refusal, ...] = ()
    skipped: tuple[str, ...] = ()
    """``recipe (subdir)`` of each recipe that skips itself there."""
