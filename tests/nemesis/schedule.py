"""What goes wrong, to whom, when and for how long: all drawn from the seed before anything starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

LEASE_SECONDS = 5.0
_GAP = (1.5, 4.5)
"""Seconds between two faults."""
_ROOM = 0.5
"""A target is left alone so long between two of its faults."""


class Kind(StrEnum):
    """Faults."""

    WORKER_KILLED = "worker killed"
    WORKER_STOPPED = "worker stopped, continued"
    CONTROLLER_KILLED = "controller killed"
    CONTROLLER_STOPPED = "controller stopped, continued"
    BROKER_WIPED = "broker wiped"
    BROKER_KILLED = "broker killed"
    DATABASE_RESTARTED = "Postgres restarted"
    SESSIONS_ENDED = "database sessions ended"
    WORK_DISK_FULL = "worker's disk full"
    DATA_DISK_FULL = "farm's disk full"
    NETWORK_CUT = "network of a worker cut"


_BEYOND_THE_LEASE = (1.3 * LEASE_SECONDS, 2.2 * LEASE_SECONDS)
_SECONDS: Mapping[Kind, tuple[float, float]] = {
    Kind.WORKER_KILLED: (0.2, 4.0),
    Kind.WORKER_STOPPED: _BEYOND_THE_LEASE,
    Kind.CONTROLLER_KILLED: (0.2, 4.0),
    Kind.CONTROLLER_STOPPED: _BEYOND_THE_LEASE,
    Kind.BROKER_WIPED: (0.0, 0.0),
    Kind.BROKER_KILLED: (0.2, 5.0),
    Kind.DATABASE_RESTARTED: (0.0, 4.0),
    Kind.SESSIONS_ENDED: (0.0, 0.0),
    Kind.WORK_DISK_FULL: (2.0, 6.0),
    Kind.DATA_DISK_FULL: (2.0, 6.0),
    Kind.NETWORK_CUT: (1.0, 12.0),
}
_MANNERS: Mapping[Kind, tuple[str, ...]] = {
    Kind.DATABASE_RESTARTED: ("fast", "immediate", "killed"),
    Kind.NETWORK_CUT: ("silent", "told"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``at`` and ``seconds`` count from the beginning."""

    at: float
    kind: Kind
    target: str
    seconds: float
    manner: str = ""

    @property
    def end(self) -> float:
        """When it is over."""
        return self.at + self.seconds

    def __str__(self) -> str:
        how = f" ({self.manner})" if self.manner else ""
        return f"{self.at:6.1f} s  {self.kind}{how}: {self.target}, for {self.seconds:.1f} s"


def draw(seed: int, seconds: float, targets: Mapping[Kind, Sequence[str]]) -> tuple[Fault, ...]:
    """Faults of the kinds that have targets, each kind once before any comes twice, all of them over in ``seconds``.

    No two faults have one target at the same time.
    """
    rng, at, bag = Random(seed), 0.0, list[Kind]()
    free: dict[str, float] = {}
    faults: list[Fault] = []
    while targets:
        at += rng.uniform(*_GAP)
        bag = bag or rng.sample(sorted(targets), len(targets))
        fault = _one(rng, at, bag.pop(), targets, free)
        if at >= seconds:
            break
        if fault is not None and fault.end <= seconds:
            free[fault.target] = fault.end + _ROOM
            faults.append(fault)
    return tuple(faults)


def _one(
    rng: Random, at: float, kind: Kind, targets: Mapping[Kind, Sequence[str]], free: Mapping[str, float]
) -> Fault | None:
    """None where every target has its fault already. Draws as often in any case."""
    lasting, manner = rng.uniform(*_SECONDS[kind]), rng.choice(_MANNERS.get(kind, ("",)))
    order = rng.sample(list(targets[kind]), len(targets[kind]))
    target = next((name for name in order if free.get(name, 0.0) <= at), None)
    return None if target is None else Fault(at, kind, target, lasting, manner)
