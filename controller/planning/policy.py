"""What a tree wants beyond what is forced, and what it does not want though it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase

from controller.domain.expected import Expected
from controller.domain.needs import NeedsRule
from controller.domain.overrides import Override
from controller.domain.recipes import Output


class Scope(StrEnum):
    """How far rebuilding goes where nothing forces it."""

    MINIMAL = "minimal"
    """Only what is forced; the rest is retested."""
    DIRECT = "direct"
    """Also whatever has a changed package in its build or host section."""
    TRANSITIVE = "transitive"
    """Also whatever has a rebuilt package in its build or host section."""


class Supersede(StrEnum):
    """What a newer push ends of what older ones of its branch planned."""

    WAITING = "waiting"
    """What it builds otherwise and has not started."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of a tree. Patterns are of package names, as ``lib*``; the first that fits decides."""

    scope: Scope = Scope.MINIMAL
    packages: tuple[tuple[str, Scope], ...] = ()
    """Other scopes for what moves when these packages do."""
    relink_static: bool = True
    """Rebuild what stood beside a rebuilt package and shows nothing of it: linked statically, or headers (R10)."""
    static: tuple[str, ...] = ()
    """Packages whose users always hold a part of them, even where they also record them."""
    not_static: tuple[str, ...] = ()
    """Packages that leave no trace in their users and no part either: what only tests or documents with them."""
    generators: tuple[str, ...] = ()
    """Tools whose output is part of what they build, as protoc's or cython's: a new one rebuilds their users (R6)."""
    overrides: tuple[Override, ...] = ()
    supersede: Supersede = Supersede.WAITING
    coalesce_seconds: float = 0.0
    """For so long a push waits for more of its branch, and what moved in a channel for more that moves; 0: for none."""
    needs: tuple[NeedsRule, ...] = ()
    """What jobs ask of workers; all that speak of a job hold together."""
    expected: tuple[Expected, ...] = ()
    """What is known to fail; also what has ended."""

    def scope_of(self, name: str) -> Scope:
        """How far the move of a package goes."""
        return next((scope for pattern, scope in self.packages if fnmatchcase(name, pattern)), self.scope)

    def cut(self, output: Output) -> Override | None:
        """What keeps an output from being built."""
        return next((o for o in self.overrides if o.cuts(output.name, output.subdir)), None)

    def on(self, today: date) -> "Policy":
        """The policy with the overrides that hold on that day."""
        return replace(self, overrides=tuple(o for o in self.overrides if o.holds_on(today)))


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether a package is named by one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


MINIMAL = Policy()
