"""What goes wrong, and when: each fault is drawn from the seed, numbered, told, and can be left out of a replay."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from random import Random

RATES: Mapping[str, float] = {
    # at each point of a controller: before and after commits and outside calls
    "controller killed": 0.0012,
    "controller paused": 0.0015,
    "database refuses": 0.0015,
    "commit answered by an error": 0.0025,
    "store refuses": 0.004,
    "store answered by an error": 0.004,
    "disk full": 0.002,
    # at each message
    "request lost": 0.008,
    "answer lost": 0.015,
    "request twice": 0.008,
    "worker cut off": 0.004,
    # at each job of a worker
    "worker killed": 0.03,
    "worker frozen": 0.03,
    "worker deaf": 0.04,
    "worker hangs": 0.006,
    "upload corrupt": 0.04,
    "upload truncated": 0.03,
    "upload cut off": 0.06,
    "report twice": 0.06,
    "report changed": 0.03,
    "own fault": 0.03,
    "drain": 0.03,
    # at each ring
    "bell lost": 0.1,
    "bell doubled": 0.05,
    "bell late": 0.05,
    # at each step of the nemesis, about once a minute
    "clock jumps": 0.01,
    "leader's lease ended": 0.02,
    "broker wiped": 0.02,
    "broker away": 0.02,
    "database away": 0.008,
}


@dataclass(frozen=True)
class Single:
    """One fault at one place: the ``number``-th point of a history that is quiet otherwise."""

    number: int
    mode: str


@dataclass
class Faults:
    """Draws faults. ``without`` are the numbers that are left out, ``never`` whole kinds."""

    rng: Random
    without: Collection[int] = ()
    never: Collection[str] = ()
    rate: float = 1.0
    single: Single | None = None
    calm: bool = False
    points: int = 0
    happened: list[tuple[int, str]] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    _number: int = 0

    def strikes(self, kind: str) -> bool:
        """Whether this fault happens here and now. Draws in any case, so that leaving one out moves few others."""
        hit = self.rng.random() < RATES[kind] * self.rate
        if not hit or self.calm or self.single is not None:
            return False
        self._number += 1
        if kind in self.never or self._number in self.without:
            return False
        self.happened.append((self._number, kind))
        self.counted[kind] += 1
        return True

    def at_point(self, modes: Collection[str]) -> str | None:
        """The fault at a point of a controller, one of ``modes``, if there is one."""
        self.points += 1
        if self.single is not None:
            hit = self.points == self.single.number and self.single.mode in modes and not self.calm
            if hit:
                self.happened.append((self.points, self.single.mode))
                self.counted[self.single.mode] += 1
            return self.single.mode if hit else None
        return next((mode for mode in modes if self.strikes(mode)), None)
