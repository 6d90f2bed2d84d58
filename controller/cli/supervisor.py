"""Worker processes beside the controller: started, started again when they die, drained at the end."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_BACK_OFF = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
_WELL_AFTER = 60.0
"""Seconds of life after which a worker's earlier deaths are forgotten."""


@dataclass(frozen=True, slots=True)
class WorkerCommand:
    """What every worker process is told. Its logs go to ``data/workers/NAME.log``."""

    server: str
    broker: str
    data: Path
    pools: tuple[str, ...]

    def line(self, name: str) -> list[str]:
        """The command line; the broker's password goes by the environment, which other users cannot read."""
        pools = [part for pool in self.pools for part in ("--pool", pool)]
        return [
            sys.executable, "-m", "workers.agent", "run", "--server", self.server, *pools, "--name", name,
            "--token-file", str(self.data / "worker-token"), "--work-dir", str(self.data / "workers" / name),
            "--parent-pid", str(os.getpid()),
        ]  # fmt: skip


@dataclass(slots=True)
class _Place:
    name: str
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    deaths: int = 0
    not_before: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """A fixed number of places, each with a living worker. ``look`` is called again and again."""

    command: WorkerCommand
    number: int
    _places: list[_Place] = field(default_factory=list)
    _draining: bool = False

    def start(self) -> None:
        """Fill every place. Names carry the controller's pid: a worker left over from a killed one keeps its own."""
        self._places = [_Place(f"{os.uname().nodename if hasattr(os, 'uname') else 'here'}-{os.getpid()}-{n}")
                        for n in range(1, self.number + 1)]  # fmt: skip
        self.look()

    def look(self) -> None:
        """Start again what has died, later each time it dies young."""
        for place in self._places:
            if place.process is not None and place.process.poll() is not None:
                self._note_death(place)
            if place.process is None and not self._draining and time.monotonic() >= place.not_before:
                self._start(place)

    def drain(self, patience: float) -> None:
        """Let every worker finish its job, then go; kill those that have not gone in ``patience`` seconds."""
        self._draining = True
        living = [place.process for place in self._places if place.process is not None and place.process.poll() is None]
        for process in living:
            process.terminate()
        end = time.monotonic() + patience
        for process in living:
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("a worker did not finish in time and is killed; its job goes to another", pid=process.pid)
                process.kill()
                process.wait()

    def _note_death(self, place: _Place) -> None:
        code = place.process.returncode if place.process else None
        lived = time.monotonic() - place.started
        place.deaths = 1 if lived > _WELL_AFTER else place.deaths + 1
        wait = _BACK_OFF[min(place.deaths, len(_BACK_OFF)) - 1]
        place.process, place.not_before = None, time.monotonic() + wait
        if not self._draining:
            log.warning("a worker ended and is started again", worker=place.name, exit_code=code, in_seconds=wait)

    def _start(self, place: _Place) -> None:
        folder = self.command.data / "workers"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{place.name}.log").open("ab") as out:
            place.process = subprocess.Popen(
                self.command.line(place.name), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=os.environ | {"FARM_BROKER": self.command.broker}, start_new_session=True,
            )  # fmt: skip
        place.started = time.monotonic()
