"""What is said beside how a job ended: that a failure is excused and why, or that nobody expected the pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class RemarkKind(StrEnum):
    """What is said. The first two are also verdicts of a file, which then did not pass its tests: it was let through.

    In order of weight.
    """

    QUARANTINED = "failed_quarantined"
    """It failed, alone too, and is known to come and go."""
    EXPECTED = "failed_expected"
    """It failed, as its tree says that it would."""
    OVER = "over"
    """It failed, and the day until which that was expected is past: it counts."""
    NOW_PASSES = "now_passes"
    """It passed, and its tree says that it would not."""


EXCUSES = frozenset({RemarkKind.QUARANTINED, RemarkKind.EXPECTED})


@dataclass(frozen=True, slots=True)
class Remark:
    """One of them. ``case`` is empty where a build, or a test as a whole, is meant."""

    kind: RemarkKind
    case: str = ""
    why: str = ""
    by: str = ""
    """Who quarantined it."""
    until: date | None = None
    """The last day on which it holds; None where its tree says ``never``."""


def weightiest(remarks: Sequence[Remark]) -> RemarkKind | None:
    """The kind that says most, where anything is said."""
    kinds = {remark.kind for remark in remarks}
    return next((kind for kind in RemarkKind if kind in kinds), None)
