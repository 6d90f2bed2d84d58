"""Pin files with the migrations that apply to a recipe laid over them, and with the pins that somebody asks about.

What either changes is said as one more variant file, so that the farm's reader, the builder and the workers all read
the same. A key that goes together with others is told with all of them, row by row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import yaml

from controller.gateways.migration_files import Environment, is_paused, keys_named, names_of, read_migration
from controller.gateways.pins import Group, PinError
from controller.gateways.variant_files import PinFile
from controller.gateways.variants import pins_for, variants_for
from controller.planning.migrating import migrate
from controller.planning.migrations import (
    Description,
    Migration,
    MigrationError,
    Pinning,
    are_named,
    plain,
    with_groups,
)

_NAME = "migrations/variants.yaml"
Rows = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class MigrationFiles:
    """The migrations that may apply to a recipe."""

    tree: tuple[PinFile, ...] = ()
    """Those of the tree: for all recipes but those that they leave out."""
    own: tuple[PinFile, ...] = ()
    """Those of the recipe's own feedstock: for it, paused or not."""

    def __bool__(self) -> bool:
        return bool(self.tree or self.own)


NO_MIGRATIONS = MigrationFiles()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One migration that may apply; whether it does the recipe's text may still have to tell."""

    file: PinFile
    digest: str
    """Moves with all that it does, and with nothing that it merely says."""
    said: Description | None = None
    """None where it cannot be read."""
    spared: frozenset[str] = frozenset()
    forced: bool = False
    keys: tuple[str, ...] = ()
    """Of one that cannot be read: all that may be a pin in it."""

    def applies(self, text: str, groups: Sequence[Group] = ()) -> bool:
        """Whether a recipe of this text is one that it is for; of a broken one, whether it may be."""
        if self.said is None and not self.forced:
            return are_named(with_groups(self.keys, groups), text)
        if self.forced or self.said is None:
            return True
        scope = self.said.scope
        return scope.is_used_in(text) and not scope.spares(text, self.said.migration.keys)


def candidates(files: MigrationFiles, folder: str, subdir: str, environment: Environment) -> list[Candidate]:
    """Those that may apply to the recipe of a folder in a subdir, in the order that they are applied in."""
    known = {plain(name) for name in names_of(folder)}
    found = [one for one in _of_tree(files.tree, subdir, environment) if not known & one.spared]
    return _with_own(found, files, subdir, environment) if files.own else found


def applying(
    files: MigrationFiles, folder: str, subdir: str, environment: Environment, text: str, groups: Sequence[Group] = ()
) -> list[Migration]:
    """Those that apply to a recipe of this text. Raises MigrationError for one that cannot be read and may be for it.

    ``groups`` are keys of the pins that go together. Who names none of the keys of a broken one goes without it.
    """
    found = [one for one in candidates(files, folder, subdir, environment) if one.applies(text, groups)]
    return [(one.said or read_migration(one.file, subdir, environment)).migration for one in found]


@lru_cache(maxsize=64)
def _of_tree(files: tuple[PinFile, ...], subdir: str, environment: Environment) -> tuple[Candidate, ...]:
    found = [_candidate(file, subdir, environment) for file in files]
    return tuple(one for one in found if one.said is None or one.said.scope.runs_in(subdir))


def _candidate(file: PinFile, subdir: str, environment: Environment, *, forced: bool = False) -> Candidate:
    try:
        said = read_migration(file, subdir, environment)
    except MigrationError:
        keys = () if is_paused(file) else keys_named(file)
        return Candidate(file, sha256(file.text).hexdigest(), forced=forced, keys=keys)
    text = repr((said.migration, () if forced else (said.scope.override_keys, said.scope.noarch)))
    return Candidate(file, sha256(text.encode()).hexdigest(), said, frozenset() if forced else said.spared, forced)


def _with_own(
    found: Sequence[Candidate], files: MigrationFiles, subdir: str, environment: Environment
) -> list[Candidate]:
    """As conda-smithy has it: of a copy of the tree's the tree's counts, and one that the tree has no more is over."""
    tree = {_base(file): file for file in files.tree}
    own = [_candidate(file, subdir, environment, forced=True) for file in files.own]
    kept = [one for one in own if not files.tree or not one.said or one.said.own or not one.said.official]
    copied = {_base(one.file) for one in own if one not in kept} & tree.keys()
    forced = [_candidate(tree[name], subdir, environment, forced=True) for name in sorted(copied)]
    return [*(one for one in found if _base(one.file) not in copied), *forced, *kept]


def _base(file: PinFile) -> str:
    return file.name.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Failed:
    """A migration that cannot be applied to the pins."""

    migration: Migration
    error: MigrationError


@dataclass(frozen=True, slots=True)
class Laid:
    """Pin files with what migrations make of them, and those that could not be applied."""

    files: tuple[PinFile, ...]
    failed: tuple[Failed, ...] = ()


def applicable(before: Pinning, migrations: Iterable[Migration]) -> tuple[Pinning, tuple[Failed, ...]]:
    """The pins with all that can be applied, and what cannot."""
    left, failed = list(migrations), list[Failed]()
    while True:
        try:
            return migrate(before, left), tuple(failed)
        except MigrationError as error:
            broken = next((one for one in left if one.name == error.file), None)
            if broken is None:
                raise
            left.remove(broken)
            failed.append(Failed(broken, error))


def pinning_of(files: tuple[PinFile, ...], subdir: str, environment: Environment) -> Pinning:
    """Pin files as migrations see them. Raises PinError."""
    pins = pins_for(files, subdir, environment)
    return Pinning(pins.values, pins.zip_keys, pins.pin_run_as_build)


@lru_cache(maxsize=1024)
def migrated(
    files: tuple[PinFile, ...], subdir: str, environment: Environment, migrations: tuple[Migration, ...]
) -> Laid:
    """The files, and what the migrations make of them. Raises PinError."""
    pins, before = pins_for(files, subdir, environment), pinning_of(files, subdir, environment)
    after, failed = applicable(before, migrations)
    if after == before:
        return Laid(files, failed)
    moved = {key for key, values in after.values.items() if pins.values.get(key) != values}
    document: dict[str, Any] = {"pin_run_as_build": {k: dict(pin) for k, pin in (after.pin_run_as_build or {}).items()}}
    known = variants_for(files, subdir, environment).to_dict()
    rows = _whole(moved, after.values, after.zip_keys)
    return Laid((*files, PinFile(_NAME, variant_yaml(rows, after.zip_keys, known, document))), failed)


def _whole(moved: Iterable[str], values: Rows, groups: Iterable[Group]) -> Rows:
    """The moved keys, and all that go together with one of them."""
    return {key: values[key] for key in with_groups(sorted(moved), groups) if key in values}


def variant_yaml(
    rows: Rows, groups: Iterable[Group], known: Mapping[str, Sequence[Any]], beside: Mapping[str, Any]
) -> bytes:
    """A variant file in v1's form; values have the types that the builder knows the key's others by."""
    document: dict[str, Any] = {key: [_typed(text, known.get(key, ())) for text in rows[key]] for key in rows}
    zipped = [list(group) for group in groups]
    document |= {key: value for key, value in {**beside, "zip_keys": zipped}.items() if value}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()


def _typed(text: str, known: Sequence[Any]) -> Any:
    """A number only where all others of the key are: the builder takes ``3.10`` for text, and so does the hash."""
    for value in known:
        if _text(value) == text:
            return value
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    whole = known and all(isinstance(value, int) and not isinstance(value, bool) for value in known)
    return int(text) if whole and text.isdecimal() and str(int(text)) == text else text


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def asked_file(base: tuple[PinFile, ...], asked: Rows, subdir: str, environment: Environment) -> PinFile:
    """Asked values as a variant file on top of ``base``; keys that the platform has none of are left out.

    Raises PinError where keys that go together would no longer have equally many values.
    """
    pins = pins_for(base, subdir, environment)
    rows = dict[str, tuple[str, ...]]()
    for key in [key for key in asked if key in pins.values]:
        group = next((g for g in pins.zip_keys if key in g), (key,))
        rows |= _asked_rows({k: pins.values[k] for k in group if k in pins.values}, asked, key)
    known = variants_for(base, subdir, environment).to_dict()
    groups = pins.zip_keys if rows else ()
    return PinFile("asked/variants.yaml", variant_yaml(rows, groups, known, {}) if rows else b"{}\n")


def _asked_rows(group: Rows, asked: Rows, key: str) -> Rows:
    """The group with what is asked of it: as many values, all of its keys anew, or some of its rows."""
    new = {**group, **{other: values for other, values in asked.items() if other in group}}
    if len({len(values) for values in new.values()}) == 1:
        return new
    if set(asked) & set(group) == {key} and set(asked[key]) <= set(group[key]):
        kept = [row for row, value in enumerate(group[key]) if value in asked[key]]
        return {other: tuple(values[row] for row in kept) for other, values in group.items()}
    others = ", ".join(other for other in group if other != key)
    had, wanted = len(group[key]), len(asked[key])
    raise PinError(
        f"{key} goes together with {others}, which have {had} values each, and {wanted} are asked of it.",
        remedy=f"Ask for {had} values of {key}, for some of {', '.join(group[key])}, or for all keys.",
    )
