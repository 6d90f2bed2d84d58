"""What a failed try was, and what is done next: from the worker's facts, the log, and what was tried before.

Every act is bounded, so that each job comes to an end; what is real is never repeated, and what nobody can explain is
taken for real.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.domain.failures import Decision, FailureClass, NextAct
from controller.domain.jobs import TESTS, JobKind
from controller.domain.needs_words import size
from controller.planning.diagnosis import FaultKind
from workers.contract.reports import Outcome

_C, _A = FailureClass, NextAct


@dataclass(frozen=True, slots=True)
class Facts:
    """One try as it ended. ``kinds`` are of the failing lines in their order, ``said`` of the worker's own words."""

    kind: JobKind
    outcome: Outcome
    phase: str = ""
    kinds: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier try of the job, since a person last asked for one. ``lost``: its worker was lost over it."""

    failure: FailureClass
    act: NextAct
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Hands:
    """In whose hands it was. ``others``: whether another worker serves the pool. ``larger``: the next larger pool.

    ``roomier``: the least memory above this worker's that one of its own pool has, in bytes; 0 where none has more.
    """

    worker: str = ""
    others: bool = False
    larger: str = ""
    roomier: int = 0


_OF_OUTCOME: Mapping[Outcome, FailureClass] = {
    Outcome.UNSOLVABLE: _C.UNSOLVABLE,
    Outcome.TIMEOUT: _C.TIMEOUT,
    Outcome.SILENT: _C.SILENCE,
    Outcome.NOT_RUNNABLE: _C.UNKNOWN,
    Outcome.REFUSED: _C.UNKNOWN,
    Outcome.OVER_LIMIT: _C.UNKNOWN,
}
_OF_LINE: Mapping[str, FailureClass] = {
    FaultKind.COMPILER: _C.COMPILE,
    FaultKind.MISSING_FILE: _C.COMPILE,
    FaultKind.LINKER: _C.LINK,
    FaultKind.SOLVER: _C.UNSOLVABLE,
    FaultKind.TEST: _C.TEST,
    FaultKind.NETWORK: _C.NETWORK,
}
_DECISIVE: Mapping[str, FailureClass] = {FaultKind.DISK: _C.DISK, FaultKind.MEMORY: _C.MEMORY}
"""Wherever among the lines: the others follow from it."""
_CERTAIN = frozenset({FaultKind.MISSING_FILE, FaultKind.LINKER, FaultKind.COMPILER, FaultKind.SOLVER})
"""What no repetition of a test makes good."""


def classify(facts: Facts) -> FailureClass:
    """The class of a try that did not pass."""
    if facts.outcome is Outcome.INFRASTRUCTURE:
        return _of_lines(facts.said) or _C.INFRASTRUCTURE
    if facts.outcome in _OF_OUTCOME:
        return _OF_OUTCOME[facts.outcome]
    decisive = next((_DECISIVE[kind] for kind in facts.kinds if kind in _DECISIVE), None)
    return decisive or _first(facts)


def _of_lines(kinds: Sequence[str]) -> FailureClass | None:
    """What a worker's own words may speak of beside an unnamed fault of its own."""
    known = {**_DECISIVE, FaultKind.NETWORK: _C.NETWORK}
    return next((known[kind] for kind in kinds if kind in known), None)


def _first(facts: Facts) -> FailureClass:
    found = _OF_LINE.get(facts.kinds[0]) if facts.kinds else None
    in_tests = facts.kind in TESTS or facts.phase == "test"
    if in_tests and (found is None or found is _C.COMPILE):
        return _C.TEST
    return found or _C.UNKNOWN


def decide(facts: Facts, past: Sequence[Past], hands: Hands, tries: int) -> Decision:
    """What follows from a try that did not pass. ``tries`` bounds how often workers may be lost over one job."""
    failure = classify(facts)
    lost = facts.outcome is Outcome.INFRASTRUCTURE
    losses = sum(known.lost for known in past) + lost
    if lost and losses >= tries:
        return Decision(failure, _A.NOTHING, f"{losses} workers were lost over it")
    if lost and failure is not _C.MEMORY:
        return _elsewhere(failure, past, hands, tries)
    return _of_class(failure, facts, past, hands, tries)


def _of_class(failure: FailureClass, facts: Facts, past: Sequence[Past], hands: Hands, tries: int) -> Decision:
    match failure:
        case FailureClass.MEMORY:
            return _more_memory(past, hands, tries, lost=facts.outcome is Outcome.INFRASTRUCTURE)
        case FailureClass.DISK:
            return _elsewhere(failure, past, hands, tries)
        case FailureClass.NETWORK:
            return _elsewhere(failure, past, hands, 2)
        case FailureClass.TIMEOUT | FailureClass.SILENCE:
            return _longer(failure, past)
        case FailureClass.TEST if facts.kind in TESTS:
            return _flake(facts, past)
    return Decision(failure, _A.NOTHING, _WHY_NOT[failure])


_WHY_NOT: Mapping[FailureClass, str] = {
    _C.UNSOLVABLE: "the same channels give the same answer",
    _C.COMPILE: "the same sources give the same errors",
    _C.LINK: "the same libraries lack the same symbols",
    _C.TEST: "a build that fails its own tests is not repeated",
    _C.UNKNOWN: "what nothing explains is taken for real",
}


def _elsewhere(failure: FailureClass, past: Sequence[Past], hands: Hands, tries: int) -> Decision:
    """Somewhere else, fewer than ``tries`` times for one class."""
    times = sum(known.failure is failure for known in past) + 1
    if times >= tries:
        return Decision(failure, _A.NOTHING, f"it came to this {times} times")
    if hands.others:
        return Decision(failure, _A.ELSEWHERE, f"not on {hands.worker} again", avoid=hands.worker)
    return Decision(failure, _A.ELSEWHERE, "no other worker serves its pool, so the same one may have it")


def _more_memory(past: Sequence[Past], hands: Hands, tries: int, *, lost: bool) -> Decision:
    if sum(known.act is _A.LARGER for known in past) < tries:
        if hands.larger:
            return Decision(_C.MEMORY, _A.LARGER, f"the workers of {hands.larger} have more", pool=hands.larger)
        if hands.roomier:
            more = f"another worker of its pool has {size(hands.roomier)}"
            return Decision(_C.MEMORY, _A.LARGER, more, memory_bytes=hands.roomier)
    if all(known.act is not _A.ALONE for known in past):
        return Decision(_C.MEMORY, _A.ALONE, "no larger worker serves its subdir")
    if lost:
        return _elsewhere(_C.MEMORY, past, hands, tries)
    return Decision(_C.MEMORY, _A.NOTHING, "no larger worker serves its subdir, and alone it was no better")


def _longer(failure: FailureClass, past: Sequence[Past]) -> Decision:
    if any(known.act is _A.LONGER for known in past):
        return Decision(failure, _A.NOTHING, "the longer limits were not enough")
    return Decision(failure, _A.LONGER, "a busy worker may be slow once")


def _flake(facts: Facts, past: Sequence[Past]) -> Decision:
    certain = next((kind for kind in facts.kinds if kind in _CERTAIN), None)
    if certain is not None:
        return Decision(_C.TEST, _A.NOTHING, f"a {certain} fault does not come and go")
    if any(known.act is _A.ALONE for known in past):
        return Decision(_C.TEST, _A.NOTHING, "alone it failed again")
    return Decision(_C.TEST, _A.ALONE, "it may come and go")


def next_larger(pool: str, memory: Mapping[str, int]) -> str:
    """The pool of the same subdir with the least memory above this one's; empty where none has more.

    ``memory`` is, for each pool that workers serve, the bytes of the smallest of them.
    """
    subdir, own = pool.split(".", 1)[0], memory.get(pool, 0)
    found = [(size, name) for name, size in memory.items() if name.split(".", 1)[0] == subdir and size > own]
    return min(found)[1] if found else ""
