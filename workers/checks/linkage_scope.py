"""What a loader takes into memory for a program or library: each needed library with where it is found."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from workers.checks.binaries import Binary
from workers.checks.linkage_environment import Environment
from workers.checks.linkage_systems import matches


class Reach(Enum):
    """Where a needed library is."""

    SYSTEM = auto()
    FOUND = auto()
    ASIDE = auto()
    """In the environment, where the loader does not look for this binary."""
    ABSENT = auto()


@dataclass(frozen=True, slots=True)
class Link:
    """A needed library; ``path`` is within the environment, where it is there."""

    needed: str
    reach: Reach
    path: str = ""


Loader: TypeAlias = Callable[[Environment, Binary, str, tuple[Binary, ...]], Link]
"""Finds what a binary needs, as the loader of its format does; the last are those who loaded it, nearest first."""


@dataclass(slots=True)
class Scope:
    """The libraries that come into memory with one binary, without itself."""

    libraries: dict[str, Binary] = field(default_factory=dict)
    """By their paths, in the order of loading."""
    unknown: set[str] = field(default_factory=set)
    """Needed names of which nobody can say what they offer: absent, unreadable, or left out by the recipe."""
    system: set[str] = field(default_factory=set)
    aside: list[tuple[Binary, Link]] = field(default_factory=list)
    """Who needs what the loader does not find."""

    def called(self, name: str) -> Binary | None:
        """The library that goes by ``name``."""
        return next((found for found in self.libraries.values() if found.name == name), None)


@dataclass(slots=True)
class Scopes:
    """The scope of each binary, made once."""

    env: Environment
    loader: Loader
    _made: dict[str, Scope] = field(default_factory=dict)

    def of(self, binary: Binary) -> Scope:
        """Breadth first, as loaders go; a name that is loaded is not looked for again."""
        if binary.path not in self._made:
            self._made[binary.path] = self._make(binary)
        return self._made[binary.path]

    def link(self, binary: Binary, needed: str) -> Link:
        """Where ``needed`` is for a binary that nobody in particular loads."""
        return self.loader(self.env, binary, needed, ())

    def _make(self, first: Binary) -> Scope:
        scope, loaded = Scope(), {self.env.fold(first.name)}
        queue = deque[tuple[Binary, tuple[Binary, ...]]]([(first, ())])
        while queue:
            binary, loaders = queue.popleft()
            for needed in binary.needed:
                if self.env.fold(needed) not in loaded:
                    loaded.add(self.env.fold(needed))
                    library = self._take(scope, binary, self.loader(self.env, binary, needed, loaders))
                    if library:
                        loaded.add(self.env.fold(library.name))
                        queue.append((library, (binary, *loaders)))
        return scope

    def _take(self, scope: Scope, binary: Binary, link: Link) -> Binary | None:
        if link.reach is Reach.SYSTEM:
            scope.system.add(link.needed)
            return None
        if link.reach is Reach.ASIDE:
            scope.aside.append((binary, link))
        library = self.env.read(link.path) if link.path else None
        if library is None or is_allowed(self.env, link):
            scope.unknown.add(link.needed)
        if library is None or link.path in scope.libraries:
            return None
        scope.libraries[link.path] = library
        return library


def is_allowed(env: Environment, link: Link) -> bool:
    """Whether the recipe says that the library need not be looked at."""
    names = {link.needed, link.needed.rpartition("/")[2], link.path} - {""}
    return any(matches(name, env.package.allowed_libraries) for name in names)
