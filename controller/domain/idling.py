"""Nothing starts though there is work: why."""

from dataclasses import dataclass
from enum import StrEnum


class IdleCause(StrEnum):
    """The first condition, on the way from a ready job to a worker that runs it, that does not hold."""

    NO_LEADER = "no leader"
    STILL = "loop stands still"
    NO_WORKER = "no worker"
    LOST = "workers lost"
    DRAINING = "workers drain"
    UNFIT = "workers do not fit"
    BROKER = "broker away"
    CLOCKS = "clocks differ"
    NOT_TAKEN = "not taken"


@dataclass(frozen=True, slots=True)
class Idle:
    """A pool in which nothing starts. ``ready`` jobs wait in it, the oldest of them for ``seconds``."""

    pool: str
    cause: IdleCause
    ready: int
    seconds: float
