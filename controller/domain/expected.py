"""What a tree says is known to fail: it is tried all the same, and that it fails breaks nothing."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase

from controller.domain.jobs import JUDGED, JobKind


class ExpectedKind(StrEnum):
    """What fails."""

    BUILD = "build"
    TEST = "test"
    """The tests of its file, in whichever job they run."""


_JOBS = {
    ExpectedKind.BUILD: frozenset({JobKind.BUILD}),
    ExpectedKind.TEST: JUDGED,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """One of them. ``packages`` are patterns of package names; no subdirs mean all."""

    packages: tuple[str, ...]
    kind: ExpectedKind
    why: str
    until: date | None = None
    """The last day on which it holds; None where somebody decided that it has no end."""
    subdirs: tuple[str, ...] = ()
    case: str = ""
    """One case of a test, by its name or a pattern of names; empty for the whole."""

    def speaks_of(self, name: str, subdir: str, kind: JobKind) -> bool:
        """Whether it is about this job."""
        here = not self.subdirs or subdir in self.subdirs
        return kind in _JOBS[self.kind] and here and any(fnmatchcase(name, pattern) for pattern in self.packages)

    def names(self, case: str) -> bool:
        """Whether this case is one of those it means. The brackets of a name are no pattern of letters."""
        return not self.case or case == self.case or fnmatchcase(case, self.case)

    def holds_on(self, today: date) -> bool:
        """Whether it has not ended."""
        return self.until is None or today <= self.until
