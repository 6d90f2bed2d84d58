"""A controller as a process: the real Farm and the real loop on simulated time; it dies, and it is started again."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from controller.gateways.blobs import Blobs
from controller.loop.beside import Act
from controller.loop.run import run_loop
from controller.services.farm import Farm
from tests.kit.farms import START
from tests.simulate.points import Points, SimulatedBlobs, SimulatedDatabase, SimulatedLogs, SimulatedUploads
from tests.simulate.scheduler import Flag, Host

if TYPE_CHECKING:
    from tests.simulate.history import History


class Controller:
    """One process. ``farm`` is new with every life: nothing but the database and the disk outlives it."""

    def __init__(self, history: "History", name: str) -> None:
        self.history = history
        self.host = Host(name)
        self.points = Points(history, self.host)
        self.start()

    def start(self) -> None:
        """A new life."""
        scheduler = self.history.scheduler
        self.host.alive, self.host.paused_until = True, 0.0
        self.host.run += 1
        self.farm = self._farm()
        stop = Flag(scheduler)
        scheduler.spawn(
            f"{self.host.name}.loop", self.host, lambda: run_loop(self.farm, stop, self._beside)  # type: ignore[arg-type]
        )  # fmt: skip

    @contextmanager
    def _beside(self, name: str, act: Act) -> Iterator[None]:
        """What the real loop has threads for."""
        ended = Flag(self.history.scheduler)
        self.history.scheduler.spawn(f"{self.host.name}.{name}", self.host, lambda: act(ended))  # type: ignore[arg-type]
        try:
            yield
        finally:
            ended.set()

    def _farm(self) -> Farm:
        history, points = self.history, self.points
        root = history.folder
        blobs = SimulatedBlobs(root / "store", points)
        farm = Farm(
            database=SimulatedDatabase(history.engine, points), blobs=blobs, shard_blobs=Blobs(root / "shards"),
            uploads=SimulatedUploads(root / "uploads", blobs, points), logs=SimulatedLogs(root / "logs", points),
            trees=history.stage.trees, bells=history.broker, rules=history.rules, now=self.now, new_token=history.new_token,
            readings=history.stage.known(), process=f"{self.host.name}:{self.host.run}",
        )  # fmt: skip
        farm.wake = Flag(history.scheduler, slow=6.0)  # type: ignore[assignment]
        return farm

    def now(self):
        """What this machine's clock shows."""
        return START + timedelta(days=1, seconds=self.history.scheduler.now + self.host.skew)
