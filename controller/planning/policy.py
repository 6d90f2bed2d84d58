"""What a tree wants beyond what is forced."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """How far rebuilding goes where nothing forces it."""

    MINIMAL = "minimal"
    """Only what is forced; the rest is retested."""
    DIRECT = "direct"
    """Also whatever has a changed package in its build or host section."""
    TRANSITIVE = "transitive"
    """Also whatever has a rebuilt package in its build or host section."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of a tree. ``relink_static``: rebuild what links a rebuilt package statically or takes its headers."""

    scope: Scope = Scope.MINIMAL
    relink_static: bool = True


MINIMAL = Policy()
