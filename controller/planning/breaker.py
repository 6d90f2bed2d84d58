"""The circuit breaker: a plan that is too large, or far larger than usual for its tree, waits for a person."""

import math
from collections.abc import Sequence

from controller.domain.forecasts import Holding

_FEWEST_BATCHES = 5
"""Of fewer nobody can say what is usual."""
_FEWEST_JOBS = 100
"""Smaller plans are let through however small the others were: they are over before anybody has looked."""
_USUAL = 0.9


def holding(jobs: int, most: int, times: float, before: Sequence[int]) -> Holding | None:
    """Why a plan of so many jobs waits, or None: more than ``most``, or more than ``times`` what is usual.

    Usual is the size that nine in ten of ``before``, the sizes of the tree's last batches, kept to. 0 ``times`` asks
    nothing.
    """
    if jobs > most:
        return Holding(jobs, most)
    if not times or len(before) < _FEWEST_BATCHES:
        return None
    usual = sorted(before)[math.ceil(_USUAL * len(before)) - 1]
    limit = max(int(times * usual), _FEWEST_JOBS)
    return Holding(jobs, limit, usual, len(before)) if jobs > limit else None
