"""Pins with migrations applied: a pure algebra over keys, their values, and the groups of keys that go together.

It decides as conda-smithy does (``variant_algebra.variant_add``), so that a tree of conda-forge's gets the variants
that its feedstocks get. Where that ends in an error of Python, this names the migration, the cause and a remedy; where
it leaves keys of one group with unequal numbers of values, this keeps them in step.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from rattler import Version
from rattler.exceptions import InvalidVersionError

from controller.planning.migrations import Group, Migration, MigrationError, Operation, Pinning

Row = tuple[str, ...]


def migrate(pins: Pinning, migrations: Iterable[Migration]) -> Pinning:
    """The pins with all of them applied, the oldest first. Raises MigrationError."""
    for migration in sorted(migrations, key=lambda one: one.order):
        pins = apply(pins, migration)
    return pins


def apply(pins: Pinning, migration: Migration) -> Pinning:
    """The pins with one of them applied. Raises MigrationError."""
    if migration.operation is Operation.ADD:
        return _added(pins, migration)
    if migration.operation is Operation.REMOVE:
        return _removed(pins, migration)
    return _raised(pins, migration)


def version_order(value: str) -> tuple[int, Any]:
    """How values compare: versions as conda has it, a space as a dot and a star as 1; other text before them."""
    return _version_order(value)


@lru_cache(maxsize=4096)
def _version_order(value: str) -> tuple[int, Any]:
    try:
        return (1, Version(value.replace(" ", ".").replace("*", "1")))
    except InvalidVersionError:
        return (0, value)


def merge_values(left: Row, right: Row, order: Row = (), *, key: str = "", migration: str = "") -> Row:
    """Value by value the higher one, and what only the longer of the two has.

    With an ``order`` the highest of both, as many as the longer one has. Raises MigrationError.
    """
    if order:
        return _merged_in_order(left, right, order, key, migration)
    common = min(len(left), len(right))
    higher = [b if version_order(a) < version_order(b) else a for a, b in zip(left, right, strict=False)]
    return (*higher, *left[common:], *right[common:])


def _merged_in_order(left: Row, right: Row, order: Row, key: str, migration: str) -> Row:
    longer = max(len(left), len(right))
    places = sorted({_place(value, order, key, migration) for value in (*left, *right)})
    if len(places) == 1:
        return (order[places[0]],) * longer
    if len(places) < longer:
        raise MigrationError(
            f"the values of {key} repeat, so that its ordering does not say which of them to keep.", file=migration,
            remedy=f"Give {key} each value once, or name a primary_key that it goes with.",
        )  # fmt: skip
    return tuple(order[place] for place in places[-longer:])


def _place(value: str, order: Row, key: str, migration: str) -> int:
    if value in order:
        return order.index(value)
    raise MigrationError(
        f"the ordering of {key} lacks {value}, which is one of its values.", file=migration,
        remedy=f"Add {value} to the ordering at its place.",
    )  # fmt: skip


def _raised(pins: Pinning, migration: Migration) -> Pinning:
    given = dict(migration.values)
    groups = _joined(pins.zip_keys, migration.zip_keys)
    laid = {**pins.values, **{key: values for key, values in given.items() if key not in pins.values}}
    done = set[str]()
    for primary in migration.primary_keys:
        if primary in given:
            rows = _chosen_rows(pins, migration, primary)
            laid |= rows
            done |= rows.keys()
    orders = dict(migration.ordering)
    for key in given.keys() & pins.values.keys() - done:
        laid[key] = merge_values(pins.values[key], given[key], orders.get(key, ()), key=key, migration=migration.name)
    run = {**(pins.pin_run_as_build or {}), **{name: dict(pin) for name, pin in migration.pin_run_as_build}}
    return Pinning(laid, groups, run or pins.pin_run_as_build)


def _chosen_rows(pins: Pinning, migration: Migration, primary: str) -> dict[str, Row]:
    """The primary key merged, and of each key that goes with it the values of the rows that were chosen."""
    given, orders = dict(migration.values), dict(migration.ordering)
    left, right = pins.values.get(primary, ()), given[primary]
    merged = merge_values(left, right, orders.get(primary, ()), key=primary, migration=migration.name)
    group = next((g for g in (*pins.zip_keys, *migration.zip_keys) if primary in g), (primary,))
    chosen = [at for at, value in enumerate((*left, *right)) if value in merged]
    found = {primary: merged}
    for key in group:
        if key != primary:
            both = (*_needed(key, pins.values, migration, "the pins"), *_needed(key, given, migration, "the migration"))
            found[key] = tuple(value for at, value in enumerate(both) if at in chosen)
    return found


def _joined(left: Sequence[Group], right: Sequence[Group]) -> tuple[Group, ...]:
    """A group that holds all of another takes its place, the longest first."""
    theirs, mine = sorted(right, key=lambda g: -len(g)), list(left)
    for group in theirs:
        within = [other for other in sorted(mine, key=lambda g: -len(g)) if set(other) <= set(group)]
        if within:
            mine[mine.index(within[0])] = (*within[0], *(key for key in group if key not in within[0]))
        else:
            mine.append(group)
    return tuple(mine)


def _added(pins: Pinning, migration: Migration) -> Pinning:
    given, orders = dict(migration.values), dict(migration.ordering)
    primary = _primary(migration)
    if primary not in given:
        return pins
    before = _needed(primary, pins.values, migration, "the pins")
    groups, group = _widened(pins.zip_keys, primary, migration.additional_zip_keys)
    fresh = set(group) - {key for g in pins.zip_keys if primary in g for key in g} - {primary}
    columns = {key: _column(key, pins, migration, len(before), fresh=key in fresh) for key in group}
    rows = list(zip(*(columns[key] for key in group), strict=True))
    new = list(zip(*(_new_column(key, given, migration, primary) for key in group), strict=True))
    if any(row not in rows for row in new):
        rows = _sorted(sorted({*rows, *new}), group.index(primary), orders.get(primary, ()), primary, migration)
    laid = dict(pins.values) | dict(zip(group, zip(*rows, strict=True), strict=True))
    for key in [key for key, _ in migration.ordering if key not in group and key in given]:
        laid[key] = merge_values(
            pins.values.get(key, ()), given[key], orders[key], key=key, migration=migration.name
        )  # fmt: skip
    return replace(pins, values=laid, zip_keys=groups)


def _widened(groups: tuple[Group, ...], primary: str, additional: Group) -> tuple[tuple[Group, ...], Group]:
    """The groups with the additional keys in that of the primary key, and that group."""
    group = next((g for g in groups if primary in g), None)
    wide = tuple(dict.fromkeys((*(group or (primary,)), *additional)))
    if group is None:
        return ((*groups, wide) if additional else groups), wide
    return tuple(wide if g == group else g for g in groups), wide


def _column(key: str, pins: Pinning, migration: Migration, rows: int, *, fresh: bool) -> Row:
    """The values of a key, one for each row; a key that is new to the group has one for all of them."""
    values = _needed(key, pins.values, migration, "the pins")
    if fresh and len(values) == 1:
        return values * rows
    if len(values) != rows:
        raise MigrationError(
            f"{key} has {len(values)} values, and {_primary(migration)} that it goes with has {rows}.",
            file=migration.name, remedy=f"Give {key} one value for each row, or one for all.",
        )  # fmt: skip
    return values


def _new_column(key: str, given: Mapping[str, Row], migration: Migration, primary: str) -> Row:
    values, rows = _needed(key, given, migration, "the migration"), len(given[primary])
    if len(values) < rows:
        raise MigrationError(
            f"it gives {primary} {rows} values and {key} only {len(values)}.", file=migration.name,
            remedy=f"Give {key} a value for each of {primary}: they go together.",
        )  # fmt: skip
    return values[:rows]


def _removed(pins: Pinning, migration: Migration) -> Pinning:
    """Rows come out sorted by the primary key, each of its values once."""
    given, orders = dict(migration.values), dict(migration.ordering)
    primary = _primary(migration)
    before = pins.values.get(primary, ())
    if not set(given.get(primary, ())) & set(before):
        return pins
    group = next((g for g in pins.zip_keys if primary in g), (primary,))
    columns = [_column(key, pins, migration, len(before), fresh=False) for key in group]
    at = group.index(primary)
    first = {row[at]: row for row in reversed(list(zip(*columns, strict=True)))}
    left = [row for value, row in first.items() if value not in given[primary]]
    if not left:
        raise MigrationError(
            f"it takes the last value of {primary} away.", file=migration.name,
            remedy=f"Leave {primary} one value, or take the key out of the pins and the recipes.",
        )  # fmt: skip
    rows = _sorted(left, at, orders.get(primary, ()), primary, migration)
    return replace(pins, values=dict(pins.values) | dict(zip(group, zip(*rows, strict=True), strict=True)))


def _sorted(rows: Sequence[Row], at: int, order: Row, key: str, migration: Migration) -> list[Row]:
    if order:
        return sorted(rows, key=lambda row: _place(row[at], order, key, migration.name))
    return sorted(rows, key=lambda row: version_order(row[at]))


def _primary(migration: Migration) -> str:
    if len(migration.primary_keys) == 1:
        return migration.primary_keys[0]
    raise MigrationError(
        f"{migration.operation.value} needs one primary_key.", file=migration.name,
        remedy="Name the key whose values are added or removed.",
    )  # fmt: skip


def _needed(key: str, values: Mapping[str, Row], migration: Migration, where: str) -> Row:
    if key in values:
        return values[key]
    raise MigrationError(
        f"{where} {'have' if where == 'the pins' else 'has'} no value of {key}, which {_together(migration)}.",
        file=migration.name, remedy=f"Give {key} a value there.",
    )  # fmt: skip


def _together(migration: Migration) -> str:
    return f"goes with {', '.join(migration.primary_keys)}"
