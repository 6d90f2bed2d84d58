"""How long a job is expected to take, from what was measured: a log-normal duration, and what it rests on.

Times of builds vary by factors, not by seconds, so they are kept and spread as logarithms.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

from controller.domain.forecasts import Basis
from controller.domain.jobs import JobKind

Work = tuple[str, str, str, str]
"""What history is kept by: ``build`` or ``test``, recipe, package, subdir; see ``work_of``."""

_NORMAL = NormalDist()
_GUESSED: Mapping[JobKind, float] = {JobKind.BUILD: 300.0}
_GUESSED_CHECK = 60.0
_GUESSED_SPREAD = 1.2
"""One in ten takes less than a fifth of the guess, and one in ten more than five times as long."""
_KIND_SPREAD = 0.8
_RECIPE_SPREAD = 0.5
_OWN_SPREAD = 0.25
"""Spread that a job is thought to have before it has shown its own."""
_OWN_WEIGHT = 3
"""How many measurements that thought is worth."""
_MOST_SPREAD = 1.5
_LEAST_SECONDS = 0.05
LOTS = 4093
"""A prime, so that steps of any size go through all of them."""


class Measured(NamedTuple):
    """Passed tries of one kind of work: how many, and mean and variance of the natural logarithm of their seconds."""

    tries: int
    mean_log: float
    variance: float = 0.0
    last: float = 0.0
    """Seconds of the newest."""


class Duration(NamedTuple):
    """A log-normal duration: its median in seconds, and the standard deviation of its logarithm."""

    median: float
    spread: float
    basis: Basis

    @property
    def mean(self) -> float:
        """The expected seconds."""
        return self.median * math.exp(self.spread * self.spread / 2)

    def quantile(self, share: float) -> float:
        """The seconds that this share of all tries (above 0, below 1) stays within."""
        return self.median * math.exp(self.spread * deviations(share))

    def left(self, elapsed: float, share: float | None = None) -> float:
        """Seconds still to go after ``elapsed``: their mean, or with ``share`` that quantile of them."""
        if elapsed <= _LEAST_SECONDS or not self.spread:
            whole = self.mean if share is None else self.quantile(share)
            return max(whole - max(elapsed, 0.0), 0.0)
        at = math.log(elapsed / self.median) / self.spread
        over = _NORMAL.cdf(-at)
        if over < 1e-9:  # longer than any try before: as long again is as good a guess as any
            return elapsed
        if share is None:
            return max(self.mean * _NORMAL.cdf(self.spread - at) / over - elapsed, 0.0)
        beyond = over * (1.0 - share)
        return max(self.median * math.exp(-self.spread * _NORMAL.inv_cdf(beyond)) - elapsed, 0.0)


@dataclass(frozen=True, slots=True)
class History:
    """What was measured, of single jobs and of all jobs of a kind."""

    own: Mapping[Work, Measured] = field(default_factory=dict)
    kinds: Mapping[str, Measured] = field(default_factory=dict)
    _recipes: dict[tuple[str, str], list[Measured]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for (kind, recipe, _, _), measured in self.own.items():
            self._recipes.setdefault((kind, recipe), []).append(measured)

    def expected(self, kind: JobKind, recipe: str, name: str, subdir: str) -> Duration:
        """By the job's own past, else by its recipe's, else by its kind's, else a guess."""
        work = work_of(kind, recipe, name, subdir)
        own = self.own.get(work)
        if own is not None:
            return _by_itself(own)
        alike = self._recipes.get(work[:2])
        if alike:
            return _by_recipe(alike)
        all_of_kind = self.kinds.get(work[0])
        if all_of_kind is not None:
            return _duration(all_of_kind.mean_log, max(math.sqrt(all_of_kind.variance), _KIND_SPREAD), Basis.KIND)
        return Duration(_GUESSED.get(kind, _GUESSED_CHECK), _GUESSED_SPREAD, Basis.NOTHING)


NO_HISTORY = History()


def normal_share(away: float) -> float:
    """The share that lies below so many standard deviations from the middle."""
    return _NORMAL.cdf(away)


@lru_cache(maxsize=1)
def lots() -> tuple[float, ...]:
    """Normal deviates as if drawn, always the same: what a forecast spreads single jobs by."""
    state, found = 1, []
    for _ in range(LOTS):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64  # Knuth's, of which the high bits are good
        found.append(_NORMAL.inv_cdf(((state >> 11) + 0.5) / 2**53))
    return tuple(found)


def work_of(kind: JobKind, recipe: str, name: str, subdir: str) -> Work:
    """What a job is measured as. A retest runs the tests that a test runs."""
    return ((JobKind.BUILD if kind is JobKind.BUILD else JobKind.TEST).value, folder_of(recipe), name, subdir)


@lru_cache(maxsize=64)
def deviations(share: float) -> float:
    """How many standard deviations above the middle the quantile of that share lies."""
    return _NORMAL.inv_cdf(share)


def folder_of(recipe: str) -> str:
    """The folder of a recipe, which has the same past whichever of a farm's trees it is seen from."""
    return recipe.partition(":")[2] or recipe


def _by_itself(own: Measured) -> Duration:
    known = own.tries * own.variance + _OWN_WEIGHT * _OWN_SPREAD**2
    return _duration(own.mean_log, math.sqrt(known / (own.tries + _OWN_WEIGHT)), Basis.OWN)


def _by_recipe(alike: list[Measured]) -> Duration:
    mean = math.fsum(m.mean_log for m in alike) / len(alike)
    apart = math.fsum((m.mean_log - mean) ** 2 + m.variance for m in alike) / len(alike)
    return _duration(mean, max(math.sqrt(apart), _RECIPE_SPREAD), Basis.RECIPE)


def _duration(mean_log: float, spread: float, basis: Basis) -> Duration:
    return Duration(max(math.exp(mean_log), _LEAST_SECONDS), min(spread, _MOST_SPREAD), basis)
