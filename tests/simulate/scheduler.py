"""Who acts next, and when: actors that take turns on one thread, in simulated time.

Each actor is a greenlet. It runs until it sleeps or comes to a point where others may come in between, so that
one seed gives one order of everything.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

FOREVER = float("inf")


class Killed(BaseException):
    """The process in which this ran is gone. No code may catch it and go on."""


class StuckError(Exception):
    """More turns than any history needs."""


@dataclass(eq=False)
class Host:
    """A process: a controller, a worker, a person. ``run`` grows with every new life of it."""

    name: str
    alive: bool = True
    paused_until: float = 0.0
    run: int = 0
    began: float = 0.0
    skew: float = 0.0
    """Seconds by which its clock is ahead."""
    actors: "list[Actor]" = field(default_factory=list)


@dataclass(eq=False)
class Actor:
    """One thread of a process."""

    name: str
    host: Host
    run: int
    act: Callable[[], Any]
    glet: Any = None
    due: float = 0.0
    turn: int = 0
    writing: bool = False
    """It is inside a writing transaction: others wait for the lock, so none may come in between."""

    @property
    def gone(self) -> bool:
        """Whether its process has ended."""
        return not self.host.alive or self.host.run != self.run


@dataclass
class Scheduler:
    """The one clock and the one order. ``busy`` ends a history that does not end."""

    rng: Random
    now: float = 0.0
    turns: int = 0
    most_turns: int = 400_000
    failed: list[tuple[str, BaseException]] = field(default_factory=list)
    """Actors that ended with an error that is nobody's: a fault of the simulation."""

    def __post_init__(self) -> None:
        self._heap: list[tuple[float, float, int, int, Actor]] = []
        self._count = 0
        self._main = getcurrent()
        self._current: Actor | None = None

    @property
    def current(self) -> Actor | None:
        """Who acts; None while nobody does."""
        return self._current

    def spawn(self, name: str, host: Host, act: Callable[[], Any], after: float = 0.0) -> Actor:
        """A new actor in a process."""
        actor = Actor(name, host, host.run, act)
        actor.glet = greenlet(lambda: self._live(actor), parent=self._main)
        host.actors = [other for other in host.actors if not other.glet.dead]
        host.actors.append(actor)
        self.call_at(actor, self.now + after)
        return actor

    def call_at(self, actor: Actor, when: float) -> None:
        """The actor's next turn. An earlier one that was agreed on falls away."""
        actor.due, actor.turn = when, actor.turn + 1
        if when < FOREVER:
            self._count += 1
            heapq.heappush(self._heap, (when, self.rng.random(), self._count, actor.turn, actor))

    def wake(self, actor: Actor) -> None:
        """Its next turn is now, if it sleeps."""
        if actor.glet is not None and not actor.glet.dead and actor.due > self.now and actor is not self._current:
            self.call_at(actor, self.now)

    def sleep(self, seconds: float) -> None:
        """The one who acts gives way for so long. Raises Killed if its process ends meanwhile."""
        actor = self._current
        assert actor is not None, "only an actor can sleep"
        self.call_at(actor, self.now + seconds)
        self._main.switch()
        if actor.gone:
            raise Killed

    def end(self, host: Host) -> None:
        """The process is gone: each of its threads ends at its next turn, which is now."""
        host.alive = False
        for actor in host.actors:
            self.wake(actor)

    def run(self, until: float, done: Callable[[], bool] = lambda: False) -> None:
        """Give turns until that time, or until ``done`` says so. Raises StuckError."""
        while self._heap and not done():
            when, _, _, turn, actor = self._heap[0]
            if when > until:
                break
            heapq.heappop(self._heap)
            if turn != actor.turn or actor.glet.dead:
                continue
            self.now = max(self.now, when)
            if not actor.gone and actor.host.paused_until > self.now:
                self.call_at(actor, actor.host.paused_until)
                continue
            self._turn(actor)
        if done():
            return
        self.now = max(self.now, min(until, 1e12))

    def _turn(self, actor: Actor) -> None:
        self.turns += 1
        if self.turns > self.most_turns:
            raise StuckError(f"{self.turns} turns: {actor.name} at {self.now:.1f}")
        self._current = actor
        try:
            if actor.gone and not actor.glet:
                actor.turn += 1  # it never began
            else:
                actor.glet.switch()
        finally:
            self._current = None

    def _live(self, actor: Actor) -> None:
        try:
            actor.act()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 -- kept and told; the other actors go on
            self.failed.append((actor.name, error))

    def close(self) -> None:
        """End everybody who still sleeps."""
        for _, _, _, turn, actor in self._heap:
            if turn == actor.turn and actor.glet and not actor.glet.dead:
                actor.host.alive = False
                self._current = actor
                actor.glet.throw(Killed)
        self._current = None
        self._heap.clear()


class Flag:
    """What the farm's loop knows as an Event: set, cleared, and waited for in simulated time."""

    def __init__(self, scheduler: Scheduler, slow: float = 0.0) -> None:
        """``slow``: who waits is woken up to so many seconds later."""
        self._scheduler, self._slow = scheduler, slow
        self._set = False
        self._waiting: list[Actor] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        for actor in self._waiting:
            soon = self._scheduler.now + self._scheduler.rng.uniform(0, self._slow)
            if not actor.gone and soon < actor.due:
                self._scheduler.call_at(actor, soon)

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float = FOREVER) -> bool:
        actor = self._scheduler.current
        assert actor is not None
        if not self._set:
            self._waiting.append(actor)
            try:
                self._scheduler.sleep(timeout)
            finally:
                self._waiting.remove(actor)
        return self._set
