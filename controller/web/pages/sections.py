"""A log in sections, one for each phase that the worker marked."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from workers.contract.logs import NOTE_MARK, PHASE_MARK

_SHORT = 400
"""A log of fewer lines is shown open, whole."""


@dataclass
class Line:
    """A line with its number; ``kind`` is ``failing``, ``note`` or empty."""

    number: int
    text: str
    kind: str = ""


@dataclass
class Section:
    """The lines of a phase. ``shown`` when it opens by itself."""

    phase: str
    lines: list[Line] = field(default_factory=list)
    shown: bool = False


def sections(lines: Iterable[str], first: int, failing: AbstractSet[int], *, is_end: bool) -> list[Section]:
    """Lines by phase; the failing one opens, and the last when it is the end of the log."""
    found = [Section("")]
    for number, text in enumerate(lines, first):
        if text.startswith(PHASE_MARK):
            found.append(Section(text.removeprefix(PHASE_MARK).strip()[:60]))
        found[-1].lines.append(Line(number, text, _kind(number, text, failing)))
    kept = [section for section in found if section.lines]
    short = sum(len(section.lines) for section in kept) <= _SHORT
    for section in kept:
        faulty = any(line.kind == "failing" for line in section.lines)
        section.shown = short or faulty or not section.phase or (is_end and section is kept[-1])
    return kept


def _kind(number: int, text: str, failing: AbstractSet[int]) -> str:
    if number in failing:
        return "failing"
    return "note" if text.startswith(NOTE_MARK) else ""
