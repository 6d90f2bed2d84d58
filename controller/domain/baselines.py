"""How the tests of a file went, as far as two runs are compared by it: with a change, and without."""

from dataclasses import dataclass
from enum import StrEnum

from workers.contract.reports import Outcome


@dataclass(frozen=True, slots=True)
class Part:
    """One test of a file. ``cases`` are names of its cases that failed, where it wrote them down."""

    index: int
    kind: str
    outcome: Outcome
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """All tests of one file, once. ``signatures`` are of the failing lines of its log."""

    file: str
    """``subdir/file name``."""
    outcome: Outcome
    parts: tuple[Part, ...] = ()
    signatures: tuple[str, ...] = ()
    job: str = ""
    """The job in which that was seen, as people name it."""


class Likeness(StrEnum):
    """How a run that did not pass compares with the one before the change."""

    PASSED_BEFORE = "passed before"
    INSTALLED_BEFORE = "installed before"
    """Its environment cannot be made now, and could be before."""
    OTHERWISE_BEFORE = "otherwise before"
    """It did not pass before either, but for another reason, or not in all that fails now."""
    AS_BEFORE = "as before"
    NOT_INSTALLED_BEFORE = "not installed before"
    """Its environment could not be made before, so that nobody had it."""
    NOTHING_BEFORE = "nothing before"
    """There is no file before this one to compare with."""
    UNKNOWN_BEFORE = "unknown before"
    """The control came to no answer."""


EXCUSING = frozenset({Likeness.AS_BEFORE, Likeness.NOT_INSTALLED_BEFORE})
"""No regression. Everything else counts as one: what is not known is never a pass."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a run that did not pass is beside the one before. ``news`` are cases that fail only now."""

    likeness: Likeness
    before: str = ""
    """The job in which the run before was seen."""
    file: str = ""
    """The file that was tested then."""
    news: tuple[str, ...] = ()

    @property
    def excuses(self) -> bool:
        """Whether it is no regression."""
        return self.likeness in EXCUSING
