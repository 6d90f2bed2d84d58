"""Jobs and attempts: one claimable piece of work, and one try of it under a numbered lease."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class JobKind(StrEnum):
    """What a job does."""

    BUILD = "build"
    TEST = "test"
    """The tests of a file that this batch built."""
    RETEST = "retest"
    """The tests of an unrebuilt dependent against what this batch built."""
    CONTROL = "control"
    """The tests of a file of the target without anything of this batch: whether they failed before."""


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    UNSOLVABLE = "unsolvable"
    QUARANTINED = "quarantined"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    NOT_NEEDED = "not_needed"
    """What came of the jobs before it left nothing for it to do."""
    ESCALATED = "escalated"
    """A retest that did not pass, or cannot: what it is about has to be rebuilt instead."""
    EXPECTED = "expected"
    """A build that failed, as its tree says that it would."""
    CHECKING = "checking"
    """Its tests failed; a control finds out whether they fail without the change as well."""
    NO_REGRESSION = "no_regression"
    """Its tests fail, and in the same way they fail without the change."""
    ANSWERED = "answered"
    """A control that ended. Its outcome is the answer; no answer is a fault of the batch."""


TESTS = frozenset({JobKind.TEST, JobKind.RETEST, JobKind.CONTROL})
"""What runs the tests of one file."""
JUDGED = TESTS - {JobKind.CONTROL}
"""Of these a failure can stop a batch; a control only tells."""


class JobEvent(StrEnum):
    """What can happen to a job."""

    PARENTS_DONE = "parents done"
    CLAIM = "claim"
    PASS = "pass"  # noqa: S105 -- not a password
    FAIL = "fail"
    CANNOT_SOLVE = "cannot solve"
    LOSE = "lose"
    REPEAT = "repeat"
    """The try failed, and for its class the job is tried again."""
    KNOWN_FAILURE = "known failure"
    """The same inputs failed not long ago."""
    GIVE_UP = "give up"
    PARENT_FAILED = "parent failed"
    CANCEL = "cancel"
    RETRY = "retry"
    DROP = "drop"
    """The plan was decided again, and it is not in it any more."""
    REVIVE = "revive"
    """It is in it again."""
    ESCALATE = "escalate"
    HOLD = "hold"
    """Its batch waits for a person."""
    DOUBT = "doubt"
    """It failed, and nobody knows whether it failed before."""
    FAIL_AS_BEFORE = "fail as before"
    """It failed, and in the same way it fails without the change."""
    ANSWER = "answer"
    """A control ended, whatever its tests came to."""
    EXCUSE = "excuse"
    """Tests failed, and all that failed is quarantined or expected to."""
    FAIL_AS_EXPECTED = "fail as expected"


_J, _E = JobState, JobEvent
JOB_MOVES: Mapping[tuple[JobState, JobEvent], JobState] = MappingProxyType(
    {
        (_J.WAITING, _E.PARENTS_DONE): _J.READY,
        (_J.WAITING, _E.PARENT_FAILED): _J.BLOCKED,
        (_J.WAITING, _E.CANCEL): _J.CANCELLED,
        (_J.READY, _E.CLAIM): _J.RUNNING,
        (_J.READY, _E.CANCEL): _J.CANCELLED,
        (_J.READY, _E.KNOWN_FAILURE): _J.FAILED,
        (_J.RUNNING, _E.PASS): _J.PASSED,
        (_J.RUNNING, _E.FAIL): _J.FAILED,
        (_J.RUNNING, _E.CANNOT_SOLVE): _J.UNSOLVABLE,
        (_J.RUNNING, _E.LOSE): _J.READY,
        (_J.RUNNING, _E.REPEAT): _J.READY,
        (_J.RUNNING, _E.GIVE_UP): _J.QUARANTINED,
        (_J.RUNNING, _E.CANCEL): _J.CANCELLED,
        (_J.FAILED, _E.RETRY): _J.READY,
        (_J.UNSOLVABLE, _E.RETRY): _J.READY,
        (_J.QUARANTINED, _E.RETRY): _J.READY,
        (_J.BLOCKED, _E.RETRY): _J.WAITING,
        (_J.WAITING, _E.DROP): _J.NOT_NEEDED,
        (_J.READY, _E.DROP): _J.NOT_NEEDED,
        (_J.BLOCKED, _E.DROP): _J.NOT_NEEDED,
        (_J.NOT_NEEDED, _E.REVIVE): _J.WAITING,
        (_J.FAILED, _E.ESCALATE): _J.ESCALATED,
        (_J.UNSOLVABLE, _E.ESCALATE): _J.ESCALATED,
        (_J.WAITING, _E.ESCALATE): _J.ESCALATED,
        (_J.READY, _E.ESCALATE): _J.ESCALATED,
        (_J.BLOCKED, _E.ESCALATE): _J.ESCALATED,
        (_J.READY, _E.HOLD): _J.WAITING,
        (_J.RUNNING, _E.DOUBT): _J.CHECKING,
        (_J.RUNNING, _E.FAIL_AS_BEFORE): _J.NO_REGRESSION,
        (_J.RUNNING, _E.ANSWER): _J.ANSWERED,
        (_J.CHECKING, _E.FAIL_AS_BEFORE): _J.NO_REGRESSION,
        (_J.CHECKING, _E.FAIL): _J.FAILED,
        (_J.CHECKING, _E.CANNOT_SOLVE): _J.UNSOLVABLE,
        (_J.CHECKING, _E.CANCEL): _J.CANCELLED,
        (_J.RUNNING, _E.EXCUSE): _J.PASSED,
        (_J.RUNNING, _E.FAIL_AS_EXPECTED): _J.EXPECTED,
        (_J.READY, _E.FAIL_AS_EXPECTED): _J.EXPECTED,
        (_J.EXPECTED, _E.RETRY): _J.READY,
    }
)

ENDED = frozenset(
    {
        *(_J.PASSED, _J.FAILED, _J.UNSOLVABLE, _J.QUARANTINED, _J.BLOCKED, _J.CANCELLED),
        *(_J.NOT_NEEDED, _J.ESCALATED, _J.NO_REGRESSION, _J.ANSWERED, _J.EXPECTED),
    }
)
SETTLED = frozenset({_J.PASSED, _J.NOT_NEEDED, _J.ESCALATED, _J.NO_REGRESSION, _J.ANSWERED})
"""A batch with nothing but these has come out well."""
BROKEN = frozenset({_J.FAILED, _J.UNSOLVABLE, _J.QUARANTINED})
CLEARED = frozenset({_J.PASSED, _J.NO_REGRESSION})
"""What waits for a job in one of these goes on."""
BLOCKING = BROKEN | {_J.EXPECTED}
"""What waits for one of these cannot be done."""


class AttemptState(StrEnum):
    """Where one try stands."""

    LEASED = "leased"
    PASSED = "passed"
    FAILED = "failed"
    LOST = "lost"
    """The lease lapsed, or the worker said the fault was its own."""
    STOPPED = "stopped"
    """The controller took the job away."""
    EXCUSED = "excused"
    """Tests failed, and all that failed is quarantined or expected to."""


class AttemptEvent(StrEnum):
    """What can happen to an attempt."""

    PASS = "pass"  # noqa: S105 -- not a password
    FAIL = "fail"
    LOSE = "lose"
    STOP = "stop"
    EXCUSE = "excuse"


_A, _V = AttemptState, AttemptEvent
ATTEMPT_MOVES: Mapping[tuple[AttemptState, AttemptEvent], AttemptState] = MappingProxyType(
    {
        (_A.LEASED, _V.PASS): _A.PASSED,
        (_A.LEASED, _V.FAIL): _A.FAILED,
        (_A.LEASED, _V.LOSE): _A.LOST,
        (_A.LEASED, _V.STOP): _A.STOPPED,
        (_A.LEASED, _V.EXCUSE): _A.EXCUSED,
    }
)
