"""Worker processes beside the controller: started, started again when they die, drained at the end."""

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import structlog

log = structlog.get_logger(__name__)

_BACK_OFF = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
_WELL_AFTER = 60.0
"""Seconds of life after which a worker's earlier deaths are forgotten."""
_HALT_SECONDS = 10.0
"""How long a worker that was told to end at once may take to end its build and clean up."""
_LOOK, _ASK_AGAIN = 0.1, 0.5
_NOT_FOR_WORKERS = frozenset({"FARM_TOKEN", "FARM_DATABASE_URL"})


@dataclass(frozen=True, slots=True)
class WorkerCommand:
    """What every worker process is told. Its log is ``data/workers/NAME.log``."""

    server: str
    broker: str
    data: Path
    pools: tuple[str, ...]

    def line(self, name: str) -> list[str]:
        """The command line; the broker's password goes by the environment, which other users cannot read."""
        pools = [part for pool in self.pools for part in ("--pool", pool)]
        return [
            sys.executable, "-m", "workers.agent", "run", "--server", self.server, *pools, "--name", name,
            "--token-file", str(self.data / "worker-token"), "--work-dir", str(self.data / "workers"),
            "--parent-pid", str(os.getpid()),
        ]  # fmt: skip

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """What a worker may see of this process's environment: no secret of the controller."""
        return {key: value for key, value in given.items() if key not in _NOT_FOR_WORKERS} | {
            "FARM_BROKER": self.broker
        }


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
        host = platform.node() or "here"
        self._places = [_Place(f"{host}-{os.getpid()}-{number}") for number in range(1, self.number + 1)]
        self.look()

    def look(self) -> None:
        """Start again what has died, later each time it dies young."""
        for place in self._places:
            if place.process is not None and place.process.poll() is not None:
                self._note_death(place)
            if place.process is None and not self._draining and time.monotonic() >= place.not_before:
                self._start(place)

    def drain(self, patience: float, hurry: Event) -> None:
        """Let every worker finish its job, then go; end at once what has not gone in ``patience`` seconds.

        ``hurry`` cuts the patience short. A job that was ended this way goes to another worker, or waits for one.
        """
        self._draining = True
        living = [place.process for place in self._places if place.process is not None and place.process.poll() is None]
        _ask_to_end(living)
        left = _await(living, patience, hurry)
        if left:
            log.warning("workers are ended in the middle of a job, which goes to another", workers=len(left))
        end = time.monotonic() + _HALT_SECONDS
        while left and time.monotonic() < end:
            _ask_to_end(left)  # again and again: of two signals at once only one is heard
            left = _await(left, _ASK_AGAIN, Event())
        for process in left:
            process.kill()
            process.wait()

    def _note_death(self, place: _Place) -> None:
        code = place.process.returncode if place.process else None
        lived = time.monotonic() - place.started
        place.deaths = 1 if lived > _WELL_AFTER else place.deaths + 1
        wait = _BACK_OFF[min(place.deaths, len(_BACK_OFF)) - 1]
        place.process, place.not_before = None, time.monotonic() + wait
        if not self._draining:
            log.warning(
                "a worker ended and is started again", worker=place.name, exit_code=code, in_seconds=wait,
                log=str(self._log_of(place)),
            )  # fmt: skip

    def _log_of(self, place: _Place) -> Path:
        return self.command.data / "workers" / f"{place.name}.log"

    def _start(self, place: _Place) -> None:
        self._log_of(place).parent.mkdir(parents=True, exist_ok=True)
        with self._log_of(place).open("ab") as out:
            place.process = subprocess.Popen(
                self.command.line(place.name), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=self.command.environment(os.environ), **_OWN_GROUP,
            )  # fmt: skip
        place.started = time.monotonic()


if sys.platform == "win32":
    _OWN_GROUP: dict[str, Any] = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    _END = signal.CTRL_BREAK_EVENT
else:
    _OWN_GROUP: dict[str, Any] = {"start_new_session": True}
    _END = signal.SIGTERM
"""Ctrl-C in the terminal is for the controller: workers hear of it from there."""


def _ask_to_end(processes: "list[subprocess.Popen[bytes]]") -> None:
    for process in processes:
        process.send_signal(_END)


def _await(
    processes: "list[subprocess.Popen[bytes]]", patience: float, hurry: Event
) -> "list[subprocess.Popen[bytes]]":
    """Those that still live after ``patience`` seconds, or when there is a hurry."""
    end = time.monotonic() + patience
    living = [process for process in processes if process.poll() is None]
    while living and time.monotonic() < end and not hurry.is_set():
        hurry.wait(_LOOK)
        living = [process for process in living if process.poll() is None]
    return living
