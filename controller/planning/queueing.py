"""When jobs start and end if workers take them as they do: the best ready job of its pools, whenever one is free.

Which is list scheduling. By Graham (1969) it ends no later than all work of each pool shared among its workers, pool
after pool, and the longest chain after that; and it may end later with more workers, or with shorter jobs, where jobs
wait for each other.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import NamedTuple

Crews = Mapping[frozenset[str], int]
"""Workers by the pools that each of them serves."""


class Place(NamedTuple):
    """One job of the queue. Of the ready ones of a pool the one with the lowest rank starts first."""

    key: str
    pool: str
    rank: float
    parents: frozenset[str] = frozenset()
    """Keys of those that must end before it; what is not in the queue has ended."""
    running: bool = False
    """Under way at the start."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Jobs in the order of their ranks, and who waits for whom; prepared once for several runs."""

    places: Sequence[Place]
    children: Sequence[Sequence[int]]
    parents: Sequence[int]
    """How many of the queue each waits for."""

    @classmethod
    def of(cls, places: Sequence[Place]) -> "Queue":
        """The queue of these jobs; of equal ranks the first given goes first."""
        ordered = sorted(places, key=lambda place: place.rank)
        numbers = {place.key: number for number, place in enumerate(ordered)}
        children: list[list[int]] = [[] for _ in ordered]
        counts = [0] * len(ordered)
        for number, place in enumerate(ordered):
            for parent in place.parents:
                at = numbers.get(parent)
                if at is not None:
                    children[at].append(number)
                    counts[number] += 1
        return cls(ordered, children, counts)

    def run(self, seconds: Sequence[float], crews: Crews) -> tuple[list[float], list[float]]:
        """When each starts and ends, in the order of ``places``, from now; ``seconds`` is in that order too.

        Every pool must be served. Whom the jobs under way keep busy is taken from the crews that serve their pool.
        """
        return _Run(self, seconds, crews).finish()

    def heights(self, seconds: Sequence[float]) -> list[float]:
        """The longest chain of each from its start to the end of the queue."""
        found = [0.0] * len(self.places)
        left = list(self.parents)
        ready = [number for number, count in enumerate(left) if not count]
        for number in ready:  # grows while it is gone through: parents before children
            for child in self.children[number]:
                left[child] -= 1
                if not left[child]:
                    ready.append(child)
        for number in reversed(ready):
            below = 0.0
            for child in self.children[number]:
                below = max(below, found[child])
            found[number] = seconds[number] + below
        return found


class _Run:
    """One simulated run; its state is what a farm's would be at one moment."""

    def __init__(self, queue: Queue, seconds: Sequence[float], crews: Crews) -> None:
        self.queue, self.seconds = queue, seconds
        self.waiting = list(queue.parents)
        self.ready: dict[str, list[int]] = {place.pool: [] for place in queue.places}
        served: dict[tuple[str, ...], int] = {}
        for pools, number in crews.items():
            known = tuple(sorted(pools & self.ready.keys()))
            if known:
                served[known] = served.get(known, 0) + number
        self.crews = sorted(served, key=len)  # who can do least goes first
        self.free = [served[crew] for crew in self.crews]
        self.queues = [[self.ready[pool] for pool in crew] for crew in self.crews]
        self.serving = {p: [c for c, crew in enumerate(self.crews) if p in crew] for p in self.ready}
        self.under_way: list[tuple[float, int, int]] = []
        self.touched: list[int] = []
        self.starts, self.ends = [0.0] * len(seconds), [0.0] * len(seconds)

    def finish(self) -> tuple[list[float], list[float]]:
        self._begin()
        for crew in range(len(self.crews)):
            self._take(crew, 0.0)
        under_way, touched = self.under_way, self.touched
        while under_way:
            now, number, crew = heappop(under_way)
            self._end(number, crew)
            while under_way and under_way[0][0] <= now:
                self._end(*heappop(under_way)[1:])
            for crew in sorted(set(touched)) if len(touched) > 1 else touched:
                self._take(crew, now)
            touched.clear()
        return self.starts, self.ends

    def _begin(self) -> None:
        for number, place in enumerate(self.queue.places):
            if place.running:
                crew = next((c for c, pools in enumerate(self.crews) if place.pool in pools and self.free[c]), -1)
                self._start(number, crew, 0.0)
            elif not self.waiting[number]:
                self.ready[place.pool].append(number)
        for numbers in self.ready.values():
            heapify(numbers)

    def _start(self, number: int, crew: int, now: float) -> None:
        if crew >= 0:
            self.free[crew] -= 1
        self.starts[number] = now
        self.ends[number] = end = now + self.seconds[number]
        heappush(self.under_way, (end, number, crew))

    def _take(self, crew: int, now: float) -> None:
        """Let the free workers of a crew take what they can."""
        queues, free = self.queues[crew], self.free[crew]
        only = queues[0] if len(queues) == 1 else None
        while free > 0:
            best = min(queues, key=_head) if only is None else only
            if not best:
                break
            number = heappop(best)
            free -= 1
            self.starts[number] = now
            self.ends[number] = end = now + self.seconds[number]
            heappush(self.under_way, (end, number, crew))
        self.free[crew] = free

    def _end(self, number: int, crew: int) -> None:
        """Notes the crews that may have something to take now; -1 is none."""
        if crew >= 0:
            self.free[crew] += 1
            self.touched.append(crew)
        waiting = self.waiting
        for child in self.queue.children[number]:
            left = waiting[child] = waiting[child] - 1
            if not left:
                self._ready(child)

    def _ready(self, number: int) -> None:
        place = self.queue.places[number]
        if not place.running:
            heappush(self.ready[place.pool], number)
            self.touched += self.serving[place.pool]


def _head(ready: Sequence[int]) -> float:
    """The first of those that are ready; nothing comes after all."""
    return ready[0] if ready else math.inf
