"""Batches: everything one change causes, with one verdict."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class BatchState(StrEnum):
    """Where a batch stands."""

    HELD = "held"
    """Its plan waits for a person: it is larger than the circuit breaker allows."""
    RUNNING = "running"
    PASSED = "passed"
    """Nothing broke: all of it is published to testing, but for what failed as expected, and what needs that."""
    PARTIAL = "partial"
    """The largest safe subset is published to testing; the rest stays behind."""
    FAILED = "failed"
    """Nothing of it could be published safely."""
    PROMOTED = "promoted"
    RESTORED = "restored"
    """It was promoted and taken back."""
    CANCELLED = "cancelled"


class BatchEvent(StrEnum):
    """What can happen to a batch."""

    RELEASE = "release"
    SETTLE_WHOLE = "settle whole"
    SETTLE_PARTLY = "settle partly"
    SETTLE_EMPTY = "settle empty"
    PROMOTE = "promote"
    RESTORE = "restore"
    CANCEL = "cancel"
    RETRY = "retry"
    HOLD = "hold"
    """What came of its jobs made it larger than the circuit breaker allows."""


_B, _E = BatchState, BatchEvent
BATCH_MOVES: Mapping[tuple[BatchState, BatchEvent], BatchState] = MappingProxyType(
    {
        (_B.HELD, _E.RELEASE): _B.RUNNING,
        (_B.HELD, _E.CANCEL): _B.CANCELLED,
        (_B.RUNNING, _E.SETTLE_WHOLE): _B.PASSED,
        (_B.RUNNING, _E.SETTLE_PARTLY): _B.PARTIAL,
        (_B.RUNNING, _E.SETTLE_EMPTY): _B.FAILED,
        (_B.RUNNING, _E.CANCEL): _B.CANCELLED,
        (_B.RUNNING, _E.HOLD): _B.HELD,
        (_B.PASSED, _E.PROMOTE): _B.PROMOTED,
        (_B.PARTIAL, _E.PROMOTE): _B.PROMOTED,
        (_B.PROMOTED, _E.RESTORE): _B.RESTORED,
        (_B.RESTORED, _E.PROMOTE): _B.PROMOTED,
        (_B.PARTIAL, _E.RETRY): _B.RUNNING,
        (_B.FAILED, _E.RETRY): _B.RUNNING,
        (_B.PASSED, _E.RETRY): _B.RUNNING,  # what failed as expected may be tried again
    }
)

SETTLED = frozenset({_B.PASSED, _B.PARTIAL, _B.FAILED, _B.PROMOTED, _B.RESTORED, _B.CANCELLED})
PUBLISHED = frozenset({_B.PASSED, _B.PARTIAL, _B.PROMOTED, _B.RESTORED})
