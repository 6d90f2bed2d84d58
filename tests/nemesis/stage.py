"""The farm as parts: controllers with server and loop, broker, database, workers, each a process of its own."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from controller.services.farm import Farm
from controller.settings import Settings
from controller.wiring import open_farm
from tests.kit.live_farm import free_port, wait_until
from tests.nemesis.grounds import HUB, Grounds
from tests.nemesis.parts import Part
from tests.nemesis.places import Cable, Disk, make_hub
from tests.nemesis.schedule import LEASE_SECONDS
from tests.nemesis.servers import Broker, Postgres, await_postgres, make_broker, make_postgres, shared_database

WORKERS = 3
_SETTINGS = {
    "LEASE_SECONDS": LEASE_SECONDS, "TICK_SECONDS": 0.5, "WISH_SECONDS": 10, "MAX_ATTEMPTS": 8, "BUILD_SECONDS": 120,
    "TEST_SECONDS": 60, "CIRCUIT_BREAKER_TIMES": 0,
}  # fmt: skip
_SHARED = ("store", "shards", "uploads", "logs", "trees", "admin-token", "worker-token")
"""What all controllers of one farm have in common."""


@dataclass(slots=True)
class Stage:
    """A farm that runs."""

    root: Path
    broker: Broker
    database_url: str
    postgres: Postgres | None = None
    controllers: dict[str, Part] = field(default_factory=dict)
    workers: dict[str, Part] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    cables: dict[str, Cable] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The farm's data folder."""
        return self.root / "data"

    @property
    def parts(self) -> list[Part]:
        """Workers first: what has something to report ends before what it reports to."""
        last = [self.postgres.part] if self.postgres else []
        return [*self.workers.values(), *self.controllers.values(), self.broker.part, *last]

    def token(self) -> str:
        return (self.data / "admin-token").read_text(encoding="utf-8").strip()

    def observer(self) -> Farm:
        """The farm's own services on its database and its store, in this process."""
        settings = Settings(data=self.data, database_url=self.database_url, lease_seconds=LEASE_SECONDS)
        return open_farm(settings, self.broker.url)

    def end(self) -> dict[str, int | None]:
        """End every part in order; answers their exit codes, None for what had to be killed."""
        return {part.name: part.end() for part in self.parts}


@contextmanager
def staged(grounds: Grounds, database: str, folder: str | None = None) -> Iterator[Stage]:
    """A farm with everything up; no process and no folder is left."""
    root = Path(tempfile.mkdtemp(prefix="farm-", dir=folder))
    root.chmod(0o711)  # Postgres runs as somebody else
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        stage = _made(root, grounds, database, stack)
        if grounds.apart:
            stack.callback(_unmount, stage)
        stack.callback(lambda: [part.kill() for part in stage.parts])
        _start(stage)
        yield stage


def _made(root: Path, grounds: Grounds, database: str, stack: ExitStack) -> Stage:
    host = HUB if grounds.apart else "127.0.0.1"
    if grounds.apart:
        make_hub()
    postgres = make_postgres(root, grounds.postgres) if grounds.postgres and database == "postgres" else None
    url = ""
    if database == "postgres":
        url = postgres.url if postgres else stack.enter_context(shared_database())
    stage = Stage(root, make_broker(root, host), url, postgres)
    stage.data.mkdir()
    if grounds.apart:
        stage.disks["data"] = Disk(stage.data, 512)
        stage.disks["data"].mount()
    for number in range(1, 3 if url else 2):
        _add_controller(stage, number, host)
    for number in range(1, WORKERS + 1):
        _add_worker(stage, number, grounds)
    return stage


def _add_controller(stage: Stage, number: int, host: str) -> None:
    name, port = f"controller-{number}", free_port()
    data = stage.data if number == 1 else _beside(stage, number)
    listening = "0.0.0.0" if host == HUB else host
    command = [
        sys.executable, "-m", "controller.cli.entry", "up", "--workers", "0", "--data", str(data), "--host", listening,
        "--port", str(port),
    ]  # fmt: skip
    more = {f"FARM_{key}": str(value) for key, value in _SETTINGS.items()} | {"FARM_BROKER_URL": stage.broker.url}
    if stage.database_url:
        more["FARM_DATABASE_URL"] = stage.database_url
    stage.urls[name] = f"http://{host}:{port}"
    more["FARM_PUBLIC_URL"] = stage.urls[name]
    stage.controllers[name] = Part(name, command, stage.root / f"{name}.log", more)


def _beside(stage: Stage, number: int) -> Path:
    """A data folder for one more controller: its lock is its own, its content is the first one's."""
    folder = stage.root / f"data-{number}"
    folder.mkdir()
    for name in _SHARED:
        (folder / name).symlink_to(stage.data / name)
    return folder


def _add_worker(stage: Stage, number: int, grounds: Grounds) -> None:
    name, work = f"worker-{number}", stage.root / f"work-{number}"
    urls, before = list(stage.urls.values()), list[str]()
    if grounds.apart:
        stage.disks[name], stage.cables[name] = Disk(work, 256), Cable(number)
        stage.disks[name].mount()
        stage.cables[name].lay()
        before = stage.cables[name].before
    command = [
        *before, sys.executable, "-m", "workers.agent", "run", "--server", urls[number % len(urls)], "--name", name,
        "--token-file", str(stage.data / "worker-token"), "--work-dir", str(work), "--poll-seconds", "15",
    ]  # fmt: skip
    stage.workers[name] = Part(name, command, stage.root / f"{name}.log", {"FARM_BROKER": stage.broker.url})


def _start(stage: Stage) -> None:
    stage.broker.part.start()
    if stage.postgres:
        stage.postgres.part.start()
        await_postgres(stage.postgres)
    for name, part in stage.controllers.items():  # one after the other: the first makes the schema and the tokens
        part.start()
        wait_until(lambda url=stage.urls[name]: is_ready(url), 60, name)
    for part in stage.workers.values():
        part.start()


def _unmount(stage: Stage) -> None:
    from tests.nemesis.places import run

    for disk in stage.disks.values():
        run("umount", "-l", str(disk.folder))


def is_ready(url: str) -> bool:
    """Whether a controller says that it can work."""
    try:
        return httpx2.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx2.HTTPError:
        return False
