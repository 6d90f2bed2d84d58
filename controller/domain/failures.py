"""What kind of failure a try ended in, and what is done next because of it."""

from dataclasses import dataclass
from enum import StrEnum


class FailureClass(StrEnum):
    """What went wrong. The worker's facts say it, and the log where they do not."""

    INFRASTRUCTURE = "infrastructure"
    UNSOLVABLE = "unsolvable"
    COMPILE = "compile"
    LINK = "link"
    TEST = "test"
    TIMEOUT = "timeout"
    SILENCE = "silence"
    MEMORY = "memory"
    DISK = "disk"
    NETWORK = "network"
    UNKNOWN = "unknown"
    """Nothing tells; it is taken for a failure, never for a pass."""


class NextAct(StrEnum):
    """What follows for the job."""

    ELSEWHERE = "elsewhere"
    """Again, with another worker where one serves the pool."""
    LARGER = "larger"
    """Again, where a worker has more memory: in the next larger pool, else in its own."""
    LONGER = "longer"
    """Again once, with longer limits."""
    ALONE = "alone"
    """Again once, with nothing else on the machine."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a failed try was, what is done next, and why. ``pool`` and ``avoid`` belong to the act."""

    failure: FailureClass
    act: NextAct
    reason: str
    pool: str = ""
    """For ``LARGER``: where it goes."""
    memory_bytes: int = 0
    """For ``LARGER`` in its own pool: what it asks for from now on."""
    avoid: str = ""
    """The worker that is not to have it again; empty where no other one serves the pool."""

    @property
    def repeats(self) -> bool:
        """Whether the job is tried again."""
        return self.act is not NextAct.NOTHING


REAL = frozenset({FailureClass.COMPILE, FailureClass.LINK, FailureClass.TEST, FailureClass.UNKNOWN})
"""What a build with the same inputs would come to again."""
OURS = frozenset({FailureClass.INFRASTRUCTURE, FailureClass.DISK})
"""What no recipe is to blame for."""
