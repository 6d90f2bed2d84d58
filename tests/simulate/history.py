"""One history: the cast acts under faults, then the faults stop, the farm gets time, and everything is asked."""

import logging
import os
import shutil
import sys
from collections.abc import Collection, MutableMapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError

from controller.gateways.blobs import Blobs
from controller.gateways.logs import Logs
from controller.gateways.uploads import Uploads
from controller.services.farm import Farm
from controller.storage import batches, events, jobs
from controller.storage.database import Database
from tests.kit.farms import START
from tests.simulate import engines
from tests.simulate.broker import Broker
from tests.simulate.checks import Checks
from tests.simulate.controllers import Controller
from tests.simulate.faults import Faults, Single
from tests.simulate.nemesis import Nemesis
from tests.simulate.network import Network
from tests.simulate.people import People
from tests.simulate.plot import Plot, draw_plot
from tests.simulate.scheduler import Host, Scheduler, StuckError
from tests.simulate.stage import RULES, STAGES, Stage, scratch, stage
from tests.simulate.trace import Trace
from tests.simulate.truth import Truth
from tests.simulate.workers import Worker

_TROUBLE = 1500.0
"""Seconds of faults."""
_SOON = 300.0
"""Seconds after which nobody may hold a lease that ran out during the faults."""
_PATIENCE = 9000.0
"""Seconds in which the farm must have come to an end by itself afterwards."""


@dataclass(frozen=True)
class Ran:
    """What came of a seed."""

    seed: int
    broken: tuple[str, ...]
    trace: Trace
    faults: tuple[tuple[int, str], ...]
    counted: dict[str, int]
    points: int
    turns: int
    seconds: float
    jobs: int
    plot: Plot


@dataclass(frozen=True)
class Asked:
    """Which history: a seed, and what of it is left out."""

    seed: int
    without: Collection[int] = ()
    never: Collection[str] = ()
    single: Single | None = None
    postgres: bool = False
    quiet: bool = False
    telling: bool = False
    """The trace holds every move of a job, a batch and a channel too."""


def run(asked: Asked) -> Ran:
    """Play one history to its end."""
    history = History(asked)
    try:
        return history.play()
    finally:
        history.close()


class BrokenError(Exception):
    """A promise does not hold; what follows says nothing new."""


class History:
    """The world of one seed."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.rng = Random(f"history {asked.seed}")
        self.plot = draw_plot(Random(f"plot {asked.seed}"), STAGES)
        self.rules = replace(RULES, baseline_days=self.plot.baseline_days)
        self.stage: Stage = stage(self.plot.stage)
        self.scheduler = Scheduler(Random(f"order {asked.seed}"))
        rate = 0.0 if asked.quiet else self.plot.rate
        self.faults = Faults(Random(f"faults {asked.seed}"), asked.without, asked.never, rate, asked.single)
        self.trace, self.truth = Trace(), Truth()
        self.broken: list[str] = []
        self.outside = Host("outside")
        self.database_away_until = 0.0
        self.commits = 0
        self._tokens = self._told = 0
        structlog.configure(processors=[self._hear], wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        self.folder = self._folder()
        self.engine = engines.postgres_of(self.stage) if asked.postgres else engines.sqlite_of(self.stage, self.folder)
        self.observer = self._observer()
        self.checks = Checks(self)
        self.broker = Broker(self)
        self.network = Network(self)
        self.controllers = [Controller(self, name) for name in ("ctl-a", "ctl-b")[: self.plot.controllers]]
        self.workers = [
            Worker(self, f"w{number}", ("linux-64",), self.plot.pace) for number in range(1, self.plot.workers + 1)
        ]
        self.people = People(self)
        self.nemesis = Nemesis(self)

    def _folder(self):
        folder = scratch() / f"history-{self.asked.seed}"
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("store", "shards"):
            shutil.copytree(self.stage.folder / name, folder / name, copy_function=os.link)
        return folder

    def _observer(self) -> Farm:
        database = Database.__new__(Database)
        database.url, database.engine = "", self.engine
        database._writer = self.engine.execution_options(farm_writes=True)
        blobs = Blobs(self.folder / "store")
        return Farm(
            database=database, blobs=blobs, shard_blobs=Blobs(self.folder / "shards"),
            uploads=Uploads(self.folder / "uploads", blobs), logs=Logs(self.folder / "logs"), trees=self.stage.trees,
            bells=None, rules=self.rules, now=lambda: self.controllers[0].now(), new_token=self.new_token,  # type: ignore[arg-type]
        )  # fmt: skip

    def new_token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"

    def database_time(self) -> datetime:
        """What the database's clock shows."""
        return START + timedelta(days=1, seconds=self.scheduler.now)

    @property
    def database_away(self) -> bool:
        return self.database_away_until > self.scheduler.now

    def delay(self) -> float:
        """How long something takes that takes no time to speak of; now and then it does."""
        return self.rng.choice([0.001, 0.003, 0.01, 0.05, 0.2]) if self.rng.random() < 0.97 else self.rng.uniform(1, 5)

    def say(self, text: str) -> None:
        self.trace.said(self.scheduler.now, text)

    def hold(self, holds: bool, words: str) -> None:
        """A promise of the simulation's own."""
        if not holds:
            self.say(f"BROKEN {words}")
            self.broken.append(words)

    def surprised(self, what: str, error: Exception) -> None:
        """A request met an error that is no refusal: fine if a fault is behind it."""
        self.say(f"{what}: {type(error).__name__}: {str(error)[:120]}")
        self.checks.expected(what, error)

    def _hear(self, _logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """What the farm's own code logs as an error: fine if a fault is behind it."""
        error = sys.exc_info()[1]
        told = event.get("error") or repr(error)
        self.say(f"logged: {event['event']}: {told[:150]}")
        fine = told.startswith(("OperationalError", "OSError")) or isinstance(error, OperationalError | OSError)
        self.hold(fine, f"the loop met {told}")
        raise structlog.DropEvent

    def kill(self, host: Host) -> None:
        """A controller dies, and is started again after a while."""
        self.scheduler.end(host)
        controller = next(c for c in self.controllers if c.host is host)
        after = 1.0 if self.faults.calm else self.rng.choice([1.0, 5.0, 30.0, 200.0])
        self.scheduler.spawn(f"{host.name} again", self.outside, controller.start, after)

    def pause(self, host: Host, seconds: float) -> None:
        host.paused_until = max(host.paused_until, self.scheduler.now + seconds)
        if self.scheduler.current is not None and self.scheduler.current.host is host:
            self.scheduler.sleep(0.0)

    def committed(self) -> None:
        """After each commit of a controller."""
        self.commits += 1
        if self.asked.telling:
            self._tell_moves()
        try:
            self.checks.after_commit()
        except Exception as error:  # noqa: BLE001 -- the farm's own code would take it for a fault and go on
            self.hold(False, f"the simulation cannot check: {error!r}")

    def _tell_moves(self) -> None:
        with self.observer.reading() as session:
            for event in events.events_after(session, self._told):
                self._told = event.id or 0
                said = " ".join(f"{name}={value}" for name, value in event.data.items() if value)
                self.say(f"{event.kind} {event.batch} {event.job} {said}")

    def play(self) -> Ran:
        try:
            self.scheduler.run(_TROUBLE, done=self._is_over)
            self._calm()
            self.scheduler.run(self.scheduler.now + _SOON, done=self._is_over)
            self.checks.soon_afterwards()
            self.scheduler.run(self.scheduler.now + _PATIENCE, done=self._is_over)
            if not self.broken:
                self._ask_everything()
        except BrokenError:
            pass
        except StuckError as error:
            self.hold(False, f"the history does not end: {error}")
        for name, error in self.scheduler.failed:
            if not isinstance(error, BrokenError):
                self.hold(False, f"{name} broke down: {error!r}")
        return self._ran()

    def _calm(self) -> None:
        self.faults.calm = True
        self.say("the faults stop")
        self.database_away_until = self.broker.away_until = 0.0
        self.network.cut.clear()
        for host in [c.host for c in self.controllers] + [w.host for w in self.workers]:
            host.paused_until = min(host.paused_until, self.scheduler.now)
            for actor in host.actors:
                if actor.due < float("inf"):
                    self.scheduler.wake(actor)

    def _is_over(self) -> bool:
        if self.broken:
            return True
        return self.checks.is_over()

    def _ask_everything(self) -> None:
        self.checks.at_the_end()

    def _ran(self) -> Ran:
        with self.observer.reading() as session:
            total = sum(1 for b in batches.newest_batches(session, 9) for _ in jobs.jobs_of_batch(session, b.id or 0))
        return Ran(
            self.asked.seed, tuple(self.broken), self.trace, tuple(self.faults.happened), dict(self.faults.counted),
            self.faults.points, self.scheduler.turns, self.scheduler.now, total, self.plot,
        )  # fmt: skip

    def close(self) -> None:
        self.scheduler.close()
        shutil.rmtree(self.folder, ignore_errors=True)
