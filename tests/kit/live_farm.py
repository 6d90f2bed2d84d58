"""A whole farm of real processes, started as a person starts it, and what a test does to it."""

import json
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

import httpx2


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(check: Callable[[], Any], seconds: float = 60.0, what: str = "it") -> Any:
    """The first true answer of ``check``; fails the test when none came in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = check()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come about within {seconds} s")


class LiveFarm:
    """``farm up`` on a data folder of its own."""

    def __init__(self, data: Path, **settings: object) -> None:
        self.data, self.port = data, free_port()
        self.settings = {"lease_seconds": 5, "tick_seconds": 0.2} | settings
        self.process: subprocess.Popen[str] | None = None
        self.output = data.parent / f"{data.name}-up.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *more: str) -> list[str]:
        return [
            sys.executable, "-m", "controller.cli.entry", "up", "--data", str(self.data), "--port", str(self.port),
            *more,
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        return os.environ | {f"FARM_{key.upper()}": str(value) for key, value in self.settings.items()}

    def start(self, workers: int = 1) -> "LiveFarm":
        with self.output.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self.command("--workers", str(workers)), env=self.environment(), stdout=log, stderr=log, text=True,
                start_new_session=True,
            )  # fmt: skip
        wait_until(self._ready, 60, f"the farm ({self.output.read_text(encoding='utf-8')[-2000:]})")
        return self

    def _ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the farm ended: {self.output.read_text(encoding='utf-8')[-3000:]}")
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False

    def kill(self) -> None:
        """``kill -9`` of the controller alone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def get(self, path: str) -> Any:
        answer = httpx2.get(f"{self.url}{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict[str, object]) -> httpx2.Response:
        token = (self.data / "admin-token").read_text(encoding="utf-8").strip()
        return httpx2.post(f"{self.url}{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=120)

    def push(self, tree: Path) -> str:
        """Push the tree's HEAD; answers the batch."""
        answer = self.post("/api/v1/changes", {"tree": str(tree), "rev": None, "who": "ana"})
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["batch"])

    def batch(self, batch: str) -> dict[str, Any]:
        return dict(self.get(f"/api/v1/batches/{batch}"))

    def settled(self, batch: str, seconds: float = 90.0) -> dict[str, Any]:
        """The batch, once it has its verdict."""
        settled = {"passed", "partial", "failed", "cancelled", "promoted"}

        def look() -> dict[str, Any] | None:
            try:
                view = self.batch(batch)
            except httpx2.HTTPError:
                return None
            return view if view["state"] in settled else None

        return dict(wait_until(look, seconds, f"the verdict of {batch}"))

    def jobs(self, batch: str) -> dict[tuple[str, str], dict[str, Any]]:
        """(kind, name) to job."""
        return {(job["kind"], job["name"]): job for job in self.batch(batch)["jobs"]}

    def running(self, batch: str, kind: str, name: str) -> dict[str, Any]:
        """The job, once a worker has begun to build it: its log says so."""

        def look() -> dict[str, Any] | None:
            job = self.jobs(batch)[kind, name]
            return job if job["state"] == "running" and self._says(job["id"], "[farm] phase build") else None

        return dict(wait_until(look, 60, f"a running {kind} of {name}"))

    def _says(self, job: str, words: str) -> bool:
        log = self.get(f"/api/v1/jobs/{job}/log?first=1&count=1000")
        return any(words in line for line in log["lines"])

    def broker(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "broker.json").read_text(encoding="utf-8")))


@contextmanager
def live_farm(folder: Path, workers: int = 1, **settings: object) -> Iterator[LiveFarm]:
    """A started farm, stopped whatever the test did to it, with no process left behind."""
    farm = LiveFarm(folder / "data", **settings)
    try:
        yield farm.start(workers)
    finally:
        farm.stop()
        for pid in pids_naming(str(farm.data)):
            kill_if_there(pid)


def pids_naming(text: str) -> list[int]:
    """Processes whose command line names ``text``: on Linux, by /proc; elsewhere by ps."""
    listing = subprocess.run(["ps", "-eww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    rows = (line.strip().split(None, 1) for line in listing.splitlines())
    return [int(pid) for pid, *args in rows if args and text in args[0] and int(pid) != os.getpid()]


def kill_if_there(pid: int) -> None:
    """End a process that may have gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
