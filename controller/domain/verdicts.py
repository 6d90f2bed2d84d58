"""The ladder of verdicts, and who must act on each (after britney's)."""

from dataclasses import dataclass
from enum import StrEnum


class Actor(StrEnum):
    """Who must act."""

    NOBODY = "nobody"
    MAINTAINER = "maintainer"
    OPERATOR = "operator"
    RELEASE_MANAGER = "release manager"


class Verdict(StrEnum):
    """A gate's answer, best first. Missing data is never a pass."""

    PASS = "pass"  # noqa: S105 -- not a password
    WAIVED = "waived"
    WAIT = "wait"
    """Will pass by itself in time."""
    BLOCKED = "blocked by another"
    REFUSED = "refused"
    UNKNOWN = "cannot tell"


PASSING = frozenset({Verdict.PASS, Verdict.WAIVED})


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """One gate, one verdict, its reasons, and who must act."""

    gate: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    actor: Actor = Actor.NOBODY

    @property
    def passes(self) -> bool:
        """Whether this gate lets the batch through."""
        return self.verdict in PASSING


@dataclass(frozen=True, slots=True)
class StaysBehind:
    """A package file that is not published with its batch, and why."""

    file: str
    """``subdir/file name``."""
    name: str
    reason: str
    blocked_by: tuple[str, ...] = ()
    """Names of the jobs (kind, package, subdir) at fault."""
