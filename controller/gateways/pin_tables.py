"""The pins of a tree as plans look at them: by platform, with its migrations applied, and what is broken in these."""

from collections.abc import Iterator, Sequence

from controller.domain.plans import Notice, NoticeKind
from controller.gateways.checkouts import Checkout
from controller.gateways.migrated import applicable, asked_file, pinning_of
from controller.gateways.migration_files import is_paused, keys_named, read_migration
from controller.gateways.pins import PinError
from controller.gateways.tree_migrations import list_of
from controller.gateways.variant_files import PinFile
from controller.gateways.variants import Environment, pins_for
from controller.planning.migrations import Description, MigrationError
from controller.planning.notices import PinTable


def pin_tables(checkout: Checkout, subdirs: Sequence[str]) -> tuple[list[PinTable], list[Notice]]:
    """The pins for each subdir, and the tree's migrations that are broken. Pins that cannot be read are left out:
    every recipe that they apply to is refused with the reason.
    """
    tables, broken = list[PinTable](), list[Notice]()
    environment = tuple(sorted(checkout.tree_file.environment.items()))
    for subdir in subdirs:
        try:
            table, faults = _table(checkout, subdir, environment)
        except PinError:
            continue
        tables.append(table)
        broken += faults
    return tables, list(dict.fromkeys((*broken, *_without_list(checkout))))


def _without_list(checkout: Checkout) -> Iterator[Notice]:
    for file in checkout.migrations.tree:
        path = list_of(file)
        if path and path not in checkout.migrations.lists and not is_paused(file):
            yield Notice(NoticeKind.ALLOWLIST_MISSING, file.name, file=path)


def _table(checkout: Checkout, subdir: str, environment: Environment) -> tuple[PinTable, list[Notice]]:
    asked = dict(checkout.asked)
    laid = (*checkout.pins, asked_file(checkout.pins, asked, subdir, environment)) if asked else checkout.pins
    before, faults = pinning_of(laid, subdir, environment), list[Notice]()
    said = list(_described(checkout.migrations.tree, subdir, environment, faults))
    after, failed = applicable(before, [one.migration for one in said])
    faults += [_broken(one.error, one.migration.name, one.migration.keys) for one in failed]
    lost = {one.migration.name for one in failed}
    good = tuple(sorted((d for d in said if d.migration.name not in lost), key=lambda d: d.migration.order))
    files = {key: file.name for file in checkout.pins for key in pins_for((file,), subdir, environment).values}
    moved = {key for key, values in after.values.items() if before.values.get(key) != values}
    files |= {key: one.migration.name for one in good for key in one.migration.keys if key in moved}
    return PinTable(subdir, before, after, files, good), faults


def _described(
    files: Sequence[PinFile], subdir: str, environment: Environment, faults: list[Notice]
) -> Iterator[Description]:
    for file in files:
        try:
            said = read_migration(file, subdir, environment)
        except MigrationError as error:
            if not is_paused(file):
                faults.append(_broken(error, file.name, keys_named(file)))
            continue
        if said.scope.runs_in(subdir):
            yield said


def _broken(error: MigrationError, name: str, keys: tuple[str, ...]) -> Notice:
    return Notice(NoticeKind.MIGRATION_BROKEN, name, file=name, line=error.line, keys=keys, detail=str(error.what))
