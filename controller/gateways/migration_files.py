"""Migration files: conda-forge's YAML with its line selectors, read as it is, for one platform.

What the farm does not know in ``__migrator`` is kept and told, and stops nothing; only what would change which
variants come out must be right.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from controller.gateways.pins import Group, PinError
from controller.gateways.variant_files import PinFile, named, pins_of, selected_root
from controller.gateways.variant_yaml import Value, decoded
from controller.planning.migrations import Description, Migration, MigrationError, Operation, Scope, Values

Environment = tuple[tuple[str, str], ...]
_TABLE, _TIME = "__migrator", "migrator_ts"
_LOOKED_AT = 200_000
_ANY_KEY = re.compile(r"(?m)(?:^|[\s{,\"'])([A-Za-z_][\w.-]*)[\"']?[ \t]*:(?=\s|$)")
_PAUSED = re.compile(rb"(?m)^\s+paused:\s*(?:true|yes|on|1)\s*(?:#.*)?$", re.IGNORECASE)
_OF_THE_BOT = frozenset(
    {
        "automerge", "build_number", "channel_sources", "check_solvable", "conda_forge_yml_patches",
        "ignored_deps_per_node", "include_build", "longterm", "max_solver_attempts", "name",
        "objective", "pr_limit", "rebuild_class", "schema_version", "top_level", "force_pr_after_solver_attempts",
    }
)  # fmt: skip
"""What tells conda-forge's bot how to open pull requests."""
_OURS = frozenset(
    {
        "additional_zip_keys", "allowlist_file", "bump_number", "commit_message", "exclude", "exclude_pinned_pkgs",
        "include_noarch", "kind", "migration_number", "operation", "ordering", "override_cbc_keys", "paused",
        "platform_allowlist", "primary_key", "use_local", "wait_for_migrators",
    }
)  # fmt: skip


@lru_cache(maxsize=4096)
def read_migration(file: PinFile, subdir: str, environment: Environment = ()) -> Description:
    """What one file says for a platform. Raises MigrationError with file, line and remedy."""
    try:
        with named(file.name):
            text = decoded(file.text)
            root, lines = selected_root(text, subdir, dict(environment), _prose(text))
            with named("", lines):
                return _read(root, file.name)
    except PinError as error:
        said = str(error.what)
        raise MigrationError(said, file=error.file, line=error.line, remedy=error.remedy) from error


def keys_named(file: PinFile) -> tuple[str, ...]:
    """Whatever stands as a key in a file that cannot be read, but for what speaks of the migration itself.

    Rather too many than too few: recipes that name one of them are not read without the migration.
    """
    text = file.text[:_LOOKED_AT].decode("utf-8", "replace")
    apart = _OURS | _OF_THE_BOT | {_TABLE, _TIME, "zip_keys", "pin_run_as_build", "max_pin", "min_pin"}
    return tuple(key for key in dict.fromkeys(map(_key, _ANY_KEY.findall(text))) if key not in apart)


def is_paused(file: PinFile) -> bool:
    """Whether a file that cannot be read says plainly that it is paused."""
    return bool(_PAUSED.search(file.text[:_LOOKED_AT]))


def _prose(text: str) -> frozenset[int]:
    """The lines of ``__migrator``, whose message may quote selectors of recipes."""
    found, within = set[int](), False
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        within = line.startswith(_TABLE) or (within and (not line[:1].strip() or line.startswith("#")))
        found |= {number} if within else set()
    return frozenset(found)


def _read(root: Value, name: str) -> Description:
    if root.text == "":
        return Description(Migration(name))
    if not root.mapping:
        raise PinError("it holds no mapping of keys to values.", line=root.line)
    known = {key.text: value for key, value in root.pairs() if key.text in {_TABLE, _TIME}}
    rest = [part for pair in root.pairs() if pair[0].text not in known for part in pair]
    pins = pins_of(replace(root, within=rest))
    table = _Table(known.get(_TABLE))
    time = known.get(_TIME)
    migration = Migration(
        name,
        values=tuple(pins.values.items()),
        zip_keys=pins.zip_keys,
        pin_run_as_build=tuple((package, tuple(pin.items())) for package, pin in pins.pin_run_as_build.items()),
        operation=table.operation(),
        primary_keys=tuple(map(_key, table.texts("primary_key"))),
        ordering=table.ordering(),
        additional_zip_keys=tuple(map(_key, table.texts("additional_zip_keys"))),
        timestamp=_timestamp(time),
    )
    return _described(migration, table, official=time is not None)


def _described(migration: Migration, table: "_Table", *, official: bool) -> Description:
    return Description(
        migration,
        table.scope(),
        kind=table.text("kind", "version"),
        number=table.whole("migration_number", 1),
        bump=table.whole("bump_number", 1),
        message=table.text("commit_message", ""),
        waits_for=table.texts("wait_for_migrators"),
        own=table.flag("use_local", default=False),
        official=official,
        unknown=tuple(key for key in table.entries if key not in _OURS | _OF_THE_BOT),
        ignored=tuple(key for key in table.entries if key in _OF_THE_BOT),
    )


class _Table:
    """The mapping below ``__migrator``."""

    def __init__(self, value: Value | None) -> None:
        if value is not None and not value.mapping and value.text != "":
            raise PinError(f"{_TABLE} holds no mapping.", line=value.line, remedy="Write its keys indented below it.")
        pairs = value.pairs() if value is not None and value.mapping else ()
        self.entries: Mapping[str, Value] = {str(key.text): entry for key, entry in pairs}

    def text(self, key: str, default: str) -> str:
        value = self.entries.get(key)
        if value is None:
            return default
        if value.text is None:
            raise PinError(f"{key} is no text.", line=value.line, remedy=f"Give {key} one value.")
        return value.text.strip()

    def texts(self, key: str) -> tuple[str, ...]:
        """A list, or one value for a list of it."""
        value = self.entries.get(key)
        if value is None or value.text == "":
            return ()
        if value.text is not None:
            return (value.text,)
        if value.mapping or any(entry.text is None for entry in value.within):
            raise PinError(f"{key} is no list of names.", line=value.line, remedy="Write one name a line.")
        return tuple(str(entry.text) for entry in value.within)

    def flag(self, key: str, *, default: bool) -> bool:
        said = self.text(key, str(default)).lower()
        if said in {"true", "yes", "on", "1", "false", "no", "off", "0"}:
            return said in {"true", "yes", "on", "1"}
        raise PinError(
            f"{key} is {said}, which is neither true nor false.", line=self.entries[key].line,
            remedy=f"Write {key}: true or {key}: false.",
        )  # fmt: skip

    def whole(self, key: str, default: int) -> int:
        said = self.text(key, str(default))
        if said.lstrip("-").isdecimal():
            return int(said)
        raise PinError(f"{key} is {said}, which is no whole number.", line=self.entries[key].line)

    def operation(self) -> Operation:
        said = self.text("operation", "")
        try:
            return Operation(said)
        except ValueError:
            names = ", ".join(sorted(filter(None, Operation)))
            line = self.entries["operation"].line
            raise PinError(f"{said} is no operation.", line=line, remedy=f"Name one of {names}, or none.") from None

    def ordering(self) -> Values:
        value = self.entries.get("ordering")
        if value is None or value.text == "":
            return ()
        if not value.mapping:
            raise PinError("ordering is no mapping of keys to values.", line=value.line)
        left = [(key, entry) for key, entry in value.pairs() if entry.text != ""]  # of which selectors left something
        return tuple((_key(str(key.text)), _column(entry)) for key, entry in left)

    def scope(self) -> Scope:
        return Scope(
            paused=self.flag("paused", default=False),
            exclude=frozenset(self.texts("exclude")),
            platforms=frozenset(name.replace("_", "-", 1) for name in self.texts("platform_allowlist")),
            override_keys=self.texts("override_cbc_keys"),
            spares_makers=self.flag("exclude_pinned_pkgs", default=True),
            noarch=self.flag("include_noarch", default=False),
            allowed_in=self.text("allowlist_file", ""),
        )


def _column(value: Value) -> Group:
    if value.mapping or value.text is not None or any(entry.text is None for entry in value.within):
        raise PinError("a key of ordering has no list of values.", line=value.line, remedy="Write one value a line.")
    return tuple(str(entry.text) for entry in value.within)


def _key(text: str) -> str:
    return text.replace("-", "_")


def _timestamp(value: Value | None) -> float:
    if value is None or value.text == "":
        return -1.0
    try:
        return float(value.text or "none")
    except ValueError as error:
        raise PinError(
            f"{_TIME} is {value.text}, which is no time.", line=value.line, remedy="Write seconds since 1970."
        ) from error


def names_of(folder: str) -> frozenset[str]:
    """What a recipe goes by in ``exclude``: the names that its folder stands for; none at the root of a feedstock."""
    parts = [part for part in folder.split("/") if part != "."]
    while parts and (parts[-1] == "recipe" or parts[-1][:1].isdigit()):
        parts.pop()
    return frozenset({parts[-1].removesuffix("-feedstock")}) if parts else frozenset()
