"""Quarantine, expected failures and what became of them, in words."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType

from controller.domain.expected import Expected
from controller.domain.quarantines import FARM, Quarantine
from controller.domain.remarks import EXCUSES, Remark, RemarkKind
from controller.domain.wording import Category, Words

_R = RemarkKind
_SHOWN = 5
_COMES_AND_GOES = "Its tests failed, and all that failed is known to come and go; that breaks nothing."
_AS_EXPECTED = "It failed, as its tree says that it would; that breaks nothing."
_PAST = "It was expected to fail until a day that is past; it counts."
_NOT_EXPECTED = "Its tree says that it fails, and it passed: take the line out."
REMARK_WORDS: Mapping[RemarkKind, Words] = MappingProxyType(
    {
        _R.QUARANTINED: Words("failed, quarantined", "≈", _COMES_AND_GOES, Category.NOT_NEEDED),
        _R.EXPECTED: Words("fails as expected", "≈", _AS_EXPECTED, Category.NOT_NEEDED),
        _R.OVER: Words("expected no more", "✖", _PAST, Category.BROKEN, "maintainer"),
        _R.NOW_PASSES: Words("now passes", "✔", _NOT_EXPECTED, Category.DONE, "maintainer"),
    }
)


def remark_sentence(remark: Remark, what: str) -> str:
    """The remark as people read it; ``what`` is said where no case is meant, as ``its test``."""
    subject = remark.case or what
    return _SENTENCES[remark.kind].format(
        subject=f"{subject[:1].upper()}{subject[1:]}" if not remark.case else subject,
        why=remark.why.rstrip(".") or "nobody said why", by=_by(remark.by), until=_until(remark.until),
    )  # fmt: skip


_SENTENCES: Mapping[RemarkKind, str] = MappingProxyType(
    {
        _R.QUARANTINED: "{subject} failed, and is quarantined {by}{until}: {why}.",
        _R.EXPECTED: "{subject} fails as expected{until}: {why}.",
        _R.OVER: "{subject} was expected to fail{until}, which is past, so it counts: {why}.",
        _R.NOW_PASSES: "{subject} now passes, though its tree expects it to fail{until} ({why}): take that line out.",
    }
)


def expected_sentence(entry: Expected, today: date) -> str:
    """What a tree expects to fail of a job, as it is on that day."""
    subject = f"The case {entry.case}" if entry.case else f"Its {entry.kind.value}"
    over = "" if entry.holds_on(today) else " That is past: it counts."
    return f"{subject} is expected to fail{_until(entry.until)}: {entry.why.rstrip('.')}.{over}"


def excused_message(remarks: Sequence[Remark]) -> str:
    """What an excused job says of itself: each that failed, by name, and why that breaks nothing."""
    said = [remark_sentence(remark, "it") for remark in remarks if remark.kind in EXCUSES]
    more = f" And {len(said) - _SHOWN} more." if len(said) > _SHOWN else ""
    return f"{' '.join(said[:_SHOWN])}{more}"


def quarantine_sentence(entry: Quarantine) -> str:
    """``Quarantined by eva since 2026-11-23 until 2026-12-23: the clock stands still.``"""
    clean = f" It ran clean {entry.clean} times since it last failed." if entry.clean else ""
    why = entry.reason.rstrip(".") or "nobody said why"
    return f"Quarantined {_by(entry.author)} since {entry.since:%Y-%m-%d} until {entry.until:%Y-%m-%d}: {why}.{clean}"


def _by(author: str) -> str:
    return "by the farm" if author == FARM else f"by {author or 'nobody known'}"


def _until(until: date | None) -> str:
    return f" until {until:%Y-%m-%d}" if until else ""
