"""Versions of what reads recipes: a newer one may read the same files otherwise."""

from functools import lru_cache
from importlib.metadata import version

_READERS = ("py-rattler-build", "py-rattler", "condafarm")


@lru_cache(maxsize=1)
def reader_versions() -> tuple[str, ...]:
    """Of the builder and of the farm itself."""
    return tuple(f"{name} {version(name)}" for name in _READERS)
