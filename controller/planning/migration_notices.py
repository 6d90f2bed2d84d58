"""Migrations that people should look at: two that move the same, and those that have nothing left to do."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from controller.domain.plans import Notice, NoticeKind
from controller.planning.migrating import apply, migrate
from controller.planning.migrations import Description, Group, MigrationError, with_groups
from controller.planning.notices import PinTable


def migration_notices(tables: Sequence[PinTable]) -> tuple[Notice, ...]:
    """Overlaps and migrations that are done, each once, whatever the subdir."""
    done = tuple(_done(tables))
    return (*_overlaps(tables, {notice.about for notice in done}), *done)


def _overlaps(tables: Sequence[PinTable], done: Container[str]) -> Iterator[Notice]:
    found: dict[tuple[str, str], Notice] = {}
    for table in tables:
        for first, second in combinations([m for m in table.migrations if m.migration.name not in done], 2):
            keys = _shared(first, second, table.before.zip_keys)
            if keys and not _waits(first, second) and not _waits(second, first):
                at = (first.migration.name, second.migration.name)
                known = found.get(at) or _overlap(table, first, second, keys)
                found[at] = replace(known, keys=tuple(dict.fromkeys((*known.keys, *keys))))
    yield from found.values()


def _shared(first: Description, second: Description, groups: Sequence[Group]) -> tuple[str, ...]:
    """Keys that both move, and where there are none, keys of the one that go together with keys of the other."""
    one, other = first.migration, second.migration
    same = tuple(key for key in one.keys if key in other.keys)
    zipped = (*groups, *one.zip_keys, *other.zip_keys)
    near = with_groups(one.keys, zipped)
    return same or tuple(key for key in other.keys if key in near)


def _waits(one: Description, other: Description) -> bool:
    name = other.migration.name.rpartition("/")[2]
    return bool({name, name.rpartition(".")[0]} & set(one.waits_for))


def _overlap(table: PinTable, first: Description, second: Description, keys: tuple[str, ...]) -> Notice:
    names = first.migration.name, second.migration.name
    try:
        after = migrate(table.before, (first.migration, second.migration)).values
        became = "; ".join(f"{key} becomes {', '.join(after[key])}" for key in keys if key in after)
    except MigrationError as error:  # each alone can be applied, and both cannot
        became = f"then it fails: {error.what.rstrip('.')}"
    return Notice(
        NoticeKind.MIGRATIONS_OVERLAP, names[0], file=names[1], beside=names[1], keys=keys, detail=became
    )  # fmt: skip


def _done(tables: Sequence[PinTable]) -> Iterator[Notice]:
    named = {one.migration.name: one for table in tables for one in table.migrations}
    for name, description in named.items():
        keys = description.migration.keys
        if keys and all(_is_done(table, name) for table in tables):
            yield Notice(NoticeKind.MIGRATION_DONE, name, file=name, keys=keys)


def _is_done(table: PinTable, name: str) -> bool:
    """Whether it does nothing to the pins of the files alone; also where it is for other platforms."""
    own = [one.migration for one in table.migrations if one.migration.name == name]
    return all(apply(table.before, one) == table.before for one in own)
