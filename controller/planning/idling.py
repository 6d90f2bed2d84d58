"""Does a pool do nothing though it could? The first condition that fails, from the job to the worker.

Busy workers are no fault, however long they are busy: a build may take hours.
"""

from collections.abc import Callable
from dataclasses import dataclass

from controller.domain.idling import IdleCause

SKEW_SECONDS = 30.0
"""Clocks that differ by more are named."""


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """One pool: its ready jobs, whether any job of it was claimed lately, and its workers by what they said last."""

    ready: int
    oldest_seconds: float
    claimed: bool = False
    idle: int = 0
    busy: int = 0
    draining: int = 0
    lost: int = 0
    fits: bool = True
    """Whether an idle worker offers what one of the ready jobs asks for."""


@dataclass(frozen=True, slots=True)
class FarmFacts:
    """What all pools share. ``ticked_seconds``: since when the loop has not looked at everything."""

    leads: bool = True
    ticked_seconds: float = 0.0
    broker: bool = True
    skew_seconds: float = 0.0


def is_waiting(pool: PoolFacts, patience: float) -> bool:
    """Whether there is work that nobody took for longer than ``patience`` seconds, and not all are busy."""
    waits = pool.ready > 0 and pool.oldest_seconds > patience and not pool.claimed
    return waits and (pool.idle > 0 or pool.busy == 0)


def idle_cause(pool: PoolFacts, farm: FarmFacts, patience: float) -> IdleCause | None:
    """Why nothing starts in the pool; None while it does its work, or waits for workers that do theirs."""
    if not is_waiting(pool, patience):
        return None
    return next(cause for cause, fails in _CHAIN if fails(pool, farm, patience))


Fails = Callable[[PoolFacts, FarmFacts, float], bool]
_CHAIN: tuple[tuple[IdleCause, Fails], ...] = (
    (IdleCause.NO_LEADER, lambda _pool, farm, _patience: not farm.leads),
    (IdleCause.STILL, lambda _pool, farm, patience: farm.ticked_seconds > patience),
    (IdleCause.NO_WORKER, lambda pool, _farm, _patience: not pool.idle + pool.busy + pool.draining + pool.lost),
    (IdleCause.LOST, lambda pool, _farm, _patience: not pool.idle + pool.busy + pool.draining),
    (IdleCause.DRAINING, lambda pool, _farm, _patience: not pool.idle + pool.busy),
    (IdleCause.UNFIT, lambda pool, _farm, _patience: pool.idle > 0 and not pool.fits),
    (IdleCause.BROKER, lambda _pool, farm, _patience: not farm.broker),
    (IdleCause.CLOCKS, lambda _pool, farm, _patience: abs(farm.skew_seconds) > SKEW_SECONDS),
    (IdleCause.NOT_TAKEN, lambda _pool, _farm, _patience: True),
)
