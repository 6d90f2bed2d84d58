"""The migrations of a tree: those beside its pins, those of its feedstocks, and whom each of them is for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from controller.gateways.migrated import NO_MIGRATIONS, MigrationFiles
from controller.gateways.migration_files import names_of, read_migration
from controller.gateways.variant_files import PinFile
from controller.planning.migrations import MigrationError, plain

_FILES, _LISTS, _COPIES = "migrations", "migration_support", ".ci_support/migrations"
_MARKS = (b"__migrator", b"migrator_ts")
Limits = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class TreeMigrations:
    """All of them at one commit."""

    folder: str = _FILES
    """Where the tree's own lie, or would."""
    files: Mapping[str, tuple[PinFile, ...]] = field(default_factory=dict)
    """By the folder that they lie in: beside the tree's pins (``migrations/``), or a feedstock's own
    (``.ci_support/migrations/``)."""
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Files beside them that name whom one is for (``migration_support/``), by path."""
    recipes: Collection[str] = ()
    """Folders of all recipes."""
    limits: Limits = field(default_factory=dict)
    """Those that are not for everybody, and the folders of the recipes that they are for."""

    @classmethod
    def of(cls, pins: Sequence[str], texts: Mapping[str, bytes], recipes: Collection[str]) -> "TreeMigrations":
        """The migrations among these files (see ``wanted``), beside the variant files ``pins``."""
        files: dict[str, list[PinFile]] = {}
        for path in sorted(texts):
            folder = path.rpartition("/")[0]
            if not folder.endswith(_LISTS) and any(mark in texts[path] for mark in _MARKS):
                files.setdefault(folder, []).append(PinFile(path, texts[path]))
        lists = {
            path: frozenset(text.decode("utf-8", "replace").split())
            for path, text in texts.items()
            if path.rpartition("/")[0].endswith(_LISTS)
        }
        folder = _beside(pins[0], _FILES) if pins else _FILES
        return _named(cls(folder, {at: tuple(of_folder) for at, of_folder in files.items()}, lists, recipes))

    @property
    def tree(self) -> tuple[PinFile, ...]:
        """Those beside the tree's pins."""
        of_tree = (files for folder, files in self.files.items() if not folder.endswith(_COPIES))
        return tuple(file for files in of_tree for file in files)

    def for_recipe(self, recipe: str) -> MigrationFiles:
        """Those that may be for the recipe of a folder."""
        if not self.files:
            return NO_MIGRATIONS
        tree, limits = self.tree, self.limits
        if limits:
            tree = tuple(file for file in tree if file.name not in limits or recipe in limits[file.name])
        return MigrationFiles(tree, self.files.get(f"{recipe.rpartition('/')[0]}/{_COPIES}".lstrip("/"), ()))

    def asking(self, migrations: Iterable[tuple[str, str]]) -> "TreeMigrations":
        """With these, by name and text, beside the tree's; one of the tree's own of that name gives way."""
        files = {file.name: file for file in self.files.get(self.folder, ())}
        for name, text in migrations:
            path = f"{self.folder}/{name}"
            files[path] = PinFile(path, text.encode())
        if not files:
            return self
        beside = {**self.files, self.folder: tuple(files[path] for path in sorted(files))}
        return _named(replace(self, files=beside))

    def limited(self, limits: Limits) -> "TreeMigrations":
        """The same, where those that are not for everybody are for the recipes in these folders."""
        return replace(self, limits=limits)


NO_TREE_MIGRATIONS = TreeMigrations()


@dataclass(frozen=True, slots=True)
class AskedPins:
    """Pins of a tree with other values than they have, and migrations as if they lay beside its pins."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    migrations: tuple[tuple[str, str], ...] = ()
    """Name and text of each; one of the tree's own of that name gives way."""

    def __bool__(self) -> bool:
        return bool(self.values or self.migrations)


NOTHING_ASKED = AskedPins()


def _named(found: TreeMigrations) -> TreeMigrations:
    """With those limited that have a list, to whom it names; what these need comes later."""
    limited = {file.name: path for file in found.tree if (path := list_of(file))}
    if not limited:
        return found.limited({})
    names = {folder: frozenset(map(plain, names_of(folder))) for folder in found.recipes}
    listed = {name: frozenset(map(plain, found.lists.get(path, ()))) for name, path in limited.items()}
    return found.limited(
        {name: frozenset(f for f, known in names.items() if known & those) for name, those in listed.items()}
    )


def wanted(pins: Sequence[str], paths: Iterable[str]) -> list[str]:
    """The files of a tree that may be migrations, or lists of those whom one is for."""
    files = {_beside(pin, _FILES) for pin in pins}
    lists = {_beside(pin, _LISTS) for pin in pins} or {_LISTS}
    found = []
    for path in paths:
        if "migration" in path:
            folder, yaml = path.rpartition("/")[0], path.endswith((".yaml", ".yml"))
            if folder in lists or (yaml and (folder in files or folder.endswith(_COPIES))):
                found.append(path)
    return found


def list_of(migration: PinFile) -> str:
    """Where the list of those lies whom a migration is for; empty where it is for everybody, or cannot be read."""
    if b"allowlist_file" not in migration.text:
        return ""
    try:
        name = read_migration(migration, "linux-64").scope.allowed_in  # the same on every platform
    except MigrationError:
        return ""
    return f"{migration.name.rpartition('/')[0].rpartition('/')[0]}/{_LISTS}/{name}".lstrip("/") if name else ""


def _beside(pin: str, folder: str) -> str:
    return f"{pin.rpartition('/')[0]}/{folder}".lstrip("/")
