"""Lists of tables in a tree's ``farm.toml``, as ``[[tree.needs]]`` and ``[[tree.expected]]`` are: read key by key."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

Refuse = Callable[[str, str, str], Exception]
"""What is wrong, the key that it stands at, and the remedy; answers the error to raise."""
Table = Mapping[str, Any]
T = TypeVar("T")


def read_tables(tables: Any, name: str, read: Callable[[Table, Refuse], T], refuse: Refuse) -> tuple[T, ...]:
    """What ``read`` makes of each. Raises what ``refuse`` answers."""
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise refuse(f"{name} is no list of tables.", name, f"Write [[tree.{name}]] for each.")
    return tuple(read(table, refuse) for table in tables)


def packages_of(table: Table, name: str, keys: Collection[str], refuse: Refuse) -> tuple[str, ...]:
    """The patterns of packages that a table speaks of; it holds no key but ``keys``."""
    unknown = next((key for key in table if key not in keys), None)
    if unknown is not None:
        raise refuse(f"{name} has a key {unknown} that means nothing.", unknown, f"It may hold {', '.join(keys)}.")
    packages = texts(table, "packages", refuse)
    if not packages:
        raise refuse(f"{name} names no packages.", "packages", 'Write packages = ["name*"].')
    return packages


def texts(table: Table, key: str, refuse: Refuse) -> tuple[str, ...]:
    """A list of texts; empty where the key is left out."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise refuse(f"{key} is no list of texts.", key, f'Write {key} = ["..."].')
    return tuple(value)
