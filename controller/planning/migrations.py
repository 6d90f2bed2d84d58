"""Migrations: moves of pins as data, as conda-forge writes them, and which recipes each of them is for.

The form is that of CFEP 9 and of conda-forge-pinning's ``recipe/migrations``; what a key of ``__migrator`` means to
the choice of recipes is rebuild-semantics 2.5. Values are text throughout, as in pins.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from controller.domain.errors import RecipeError

Group = tuple[str, ...]
Values = tuple[tuple[str, tuple[str, ...]], ...]
"""Keys with their values, in the order of the file."""
_BUILD = re.compile(r"(?m)^build:(?:.*\n?)(?:(?:[ \t#-].*)?\n)*(?:[ \t#-].*)?")
"""All below the first ``build:`` that stands at the start of a line."""
_NOARCH = re.compile(r"(?m)(?:^[ \t]+|[{,][ \t]*)noarch:[ \t]*(generic|python)[ \t]*(?:$|[,}])")
_COMPILER = re.compile(r"(\w+?)_(compiler|stdlib)(?:_stub|_version)?")


class MigrationError(RecipeError):
    """A migration cannot be read, or cannot be applied to the pins. ``line`` counts from 1 in ``file``."""

    def __init__(self, what: str, *, file: str = "", line: int | None = None, remedy: str = "") -> None:
        super().__init__(what, remedy=remedy or "Correct the migration, or set paused: true in it.")
        self.file = file
        self.line = line


class Operation(StrEnum):
    """What a migration does with the values of its keys."""

    RAISE = ""
    """The higher version wins, value by value."""
    ADD = "key_add"
    """A value more for ``primary_key``, and a row more for the keys that go with it."""
    REMOVE = "key_remove"
    """A value less, and a row less."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What one migration does to pins. All of it can be compared and hashed: readings are known by it."""

    name: str
    """Its path within the tree."""
    values: Values = ()
    zip_keys: tuple[Group, ...] = ()
    pin_run_as_build: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    operation: Operation = Operation.RAISE
    primary_keys: tuple[str, ...] = ()
    """One where there is an operation; without one, keys whose row is chosen for all that go with them."""
    ordering: Values = ()
    """Of a key, its values from old to new, where versions do not tell."""
    additional_zip_keys: Group = ()
    timestamp: float = -1.0
    """``migrator_ts``: older migrations are applied first."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it sets."""
        return tuple(key for key, _ in self.values)

    @property
    def order(self) -> tuple[float, str]:
        """Migrations are applied by time, then by name."""
        return (self.timestamp, self.name)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which recipes a migration is for."""

    paused: bool = False
    exclude: frozenset[str] = frozenset()
    """Names of recipes (feedstocks)."""
    platforms: frozenset[str] = frozenset()
    """``platform_allowlist`` as subdirs; empty: all."""
    override_keys: tuple[str, ...] = ()
    """``override_cbc_keys``: who uses one of these is a member, whatever keys are set."""
    spares_makers: bool = True
    """``exclude_pinned_pkgs``: recipes that make what is pinned are left out."""
    noarch: bool = False
    """``include_noarch``: also recipes that make nothing but noarch packages."""
    allowed_in: str = ""
    """``allowlist_file``: a file that names those whom it is for; what these need is in as well."""

    def runs_in(self, subdir: str) -> bool:
        """Whether anybody is concerned in a subdir."""
        return not self.paused and (not self.platforms or subdir in self.platforms)

    def is_used_in(self, text: str) -> bool:
        """Whether a recipe of this text uses one of the keys that stand for those which are set."""
        return not self.override_keys or are_named(self.override_keys, text)

    def spares(self, text: str, keys: Group) -> bool:
        """Whether a recipe of this text makes nothing but noarch packages, which such a migration leaves alone.

        Of Python's, noarch: python alone counts, as its packages are for all of them already.
        """
        kind = "" if self.noarch else noarch_of(text)
        return kind == "python" if "python" in keys else bool(kind)


@dataclass(frozen=True, slots=True)
class Description:
    """What a migration says of itself beside what it does."""

    migration: Migration
    scope: Scope = Scope()
    kind: str = "version"
    number: int = 1
    """``migration_number``: conda-forge counts it up to migrate everybody again."""
    bump: int = 1
    """How far build numbers go up; 0 where it only adds variants."""
    message: str = ""
    waits_for: tuple[str, ...] = ()
    """Migrations that come first (``wait_for_migrators``)."""
    own: bool = False
    """``use_local``: the feedstock's own copy counts, not the one of the pinning."""
    official: bool = False
    """Whether it has a timestamp: a copy in a feedstock then ends when the pinning's own file is gone."""
    unknown: tuple[str, ...] = ()
    """Keys of ``__migrator`` that mean nothing to the farm."""
    ignored: tuple[str, ...] = ()
    """Keys of ``__migrator`` that are known, and speak to conda-forge's bot alone."""

    @property
    def spared(self) -> frozenset[str]:
        """Plain names of the recipes that are left out: by name, or since they make what is pinned."""
        made = self.migration.keys if self.scope.spares_makers and not self.scope.override_keys else ()
        return frozenset(map(plain, (*self.scope.exclude, *made)))


@dataclass(frozen=True, slots=True)
class Pinning:
    """Pins as migrations see them."""

    values: Mapping[str, tuple[str, ...]]
    zip_keys: tuple[Group, ...] = ()
    pin_run_as_build: Mapping[str, Mapping[str, str]] | None = None


def plain(name: str) -> str:
    """A name as keys write it."""
    return name.replace("-", "_").replace(".", "_").lower()


def noarch_of(text: str) -> str:
    """``generic`` or ``python`` where a recipe's text says it of all that it makes; empty where that is not plain."""
    build = _BUILD.search(text)
    said = _NOARCH.search(build[0]) if build else None
    return said[1] if said else ""


def are_named(keys: Iterable[str], text: str) -> bool:
    """Whether a recipe of this text names one of the keys, or asks for a compiler that one of them is about."""
    return any(_pattern(key).search(text) for key in keys)


@lru_cache(maxsize=4096)
def _pattern(key: str) -> re.Pattern[str]:
    """``cuda_compiler_stub`` stands for ``compiler('cuda')``, as ``cuda_compiler_version`` does; any other key for its
    name.
    """
    compiler = _COMPILER.fullmatch(key)
    named = rf"(?<![\w.-]){re.escape(key).replace('_', '[-_]')}(?![\w-])"
    if compiler:
        asked = rf"\b{compiler[2]}\(\s*['\"]{re.escape(compiler[1])}['\"]"
        return re.compile(asked if key.endswith("_stub") else f"{asked}|{named}")
    return re.compile(named)


def with_groups(keys: Iterable[str], groups: Iterable[Group]) -> tuple[str, ...]:
    """The keys, and all that go together with one of them."""
    wanted = dict.fromkeys(keys)
    for group in groups:
        if wanted.keys() & set(group):
            wanted |= dict.fromkeys(group)
    return tuple(wanted)
