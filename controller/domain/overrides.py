"""Overrides: what people set against a decision, each with its author, its reason and its end."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase


class OverrideKind(StrEnum):
    """What an override does."""

    SKIP = "skip"
    """Not built, whatever forces it."""
    EXPECTED_FAILURE = "expected failure"
    """Known not to build; not tried again before the end."""
    ONLY_ON = "only on"
    """Built on the subdirs named and on no other; what is noarch is built anyway."""
    IGNORE_UPSTREAM = "ignore upstream"
    """Nothing follows from its move in a watched channel before the end."""


@dataclass(frozen=True, slots=True)
class Override:
    """One override. ``packages`` are patterns of package names; without ``subdirs`` it holds on all."""

    kind: OverrideKind
    packages: tuple[str, ...]
    author: str
    reason: str
    until: date | None = None
    """The last day on which it holds; None where somebody decided that it has no end."""
    subdirs: tuple[str, ...] = ()

    def cuts(self, name: str, subdir: str) -> bool:
        """Whether it keeps this package from being built."""
        if self.kind is OverrideKind.IGNORE_UPSTREAM:
            return False
        if self.kind is OverrideKind.ONLY_ON:
            return self._names(name) and subdir not in (*self.subdirs, "noarch")
        return self.speaks_of(name, subdir)

    def speaks_of(self, name: str, subdir: str) -> bool:
        """Whether this package on this subdir is one of those it names."""
        return self._names(name) and (not self.subdirs or subdir in self.subdirs)

    def _names(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.packages)

    def holds_on(self, today: date) -> bool:
        """Whether it has not ended."""
        return self.until is None or today <= self.until
