"""The broker: it holds bells and nothing else, and it may lose, double, delay or forget them."""

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulate.history import History
    from tests.simulate.workers import Worker


class Broker:
    """Bells by pool. A worker at rest takes one; ``away`` makes it unreachable."""

    def __init__(self, history: "History") -> None:
        self.history = history
        self.waiting: Counter[str] = Counter()
        self.resting: list[Worker] = []
        self.away_until = 0.0

    @property
    def _away(self) -> bool:
        return self.away_until > self.history.scheduler.now

    def outstanding(self, pool: str) -> int | None:
        return None if self._away else self.waiting[pool]

    def ring(self, pool: str, times: int) -> int:
        history = self.history
        if self._away:
            return 0
        for _ in range(times):
            if history.faults.strikes("bell lost"):
                continue
            number = 1 + history.faults.strikes("bell doubled")
            after = history.rng.uniform(1, 60) if history.faults.strikes("bell late") else history.delay()
            history.scheduler.spawn("bell", history.outside, lambda number=number: self._arrive(pool, number), after)
        return times

    def _arrive(self, pool: str, number: int) -> None:
        self.waiting[pool] += number
        self.deliver()

    def deliver(self) -> None:
        """Bells reach those who rest."""
        if self._away:
            return
        for worker in list(self.resting):
            pool = next((pool for pool in worker.pools if self.waiting[pool] > 0), None)
            if pool is not None and worker.actor is not None and not worker.actor.gone:
                self.waiting[pool] -= 1
                self.resting.remove(worker)
                self.history.scheduler.wake(worker.actor)

    def wipe(self) -> None:
        self.waiting.clear()

    def close(self) -> None:
        """Nothing is open."""
