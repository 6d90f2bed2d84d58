"""A Farm for tests: real database, real store, real trees; a clock that stands still and bells that are counted."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from controller.gateways.blobs import Blobs
from controller.gateways.logs import Logs
from controller.gateways.trees import Trees
from controller.gateways.uploads import Uploads
from controller.services.farm import Farm, Rules
from controller.storage import schema
from controller.storage.database import Database, Session

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@dataclass
class StoppedClock:
    """Time that moves only when told to."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class CountedBells:
    """A broker in memory: rings are kept until heard, and ``broken`` makes it unreachable."""

    waiting: Counter[str] = field(default_factory=Counter)
    broken: bool = False

    def outstanding(self, pool: str) -> int | None:
        return None if self.broken else self.waiting[pool]

    def ring(self, pool: str, times: int) -> int:
        if self.broken:
            return 0
        self.waiting[pool] += times
        return times

    def hear(self, pool: str) -> bool:
        heard = self.waiting[pool] > 0
        self.waiting[pool] -= heard
        return heard

    def close(self) -> None:
        self.waiting.clear()


class ToldDatabase(Database):
    """A database whose clock is that of a test, once it is told of one."""

    told: Callable[[], datetime] | None = None

    def clock(self, session: Session) -> datetime:
        return self.told() if self.told else super().clock(session)

    def clock_value(self, session: Session, seconds: float = 0.0) -> Any:
        return self.told() + timedelta(seconds=seconds) if self.told else super().clock_value(session, seconds)


def _tokens() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"token-{number}"


def make_farm(folder: Path, database_url: str = "", *, rules: Rules | None = None) -> Farm:
    """A Farm below ``folder``; SQLite there unless a URL is given, whose schema is made new."""
    database = ToldDatabase(database_url or f"sqlite:///{folder / 'farm.sqlite3'}")
    if database_url:
        schema.downgrade(database)
    schema.upgrade(database)
    blobs = Blobs(folder / "store")
    tokens = _tokens()
    farm = Farm(
        database=database,
        blobs=blobs,
        shard_blobs=Blobs(folder / "shards"),
        uploads=Uploads(folder / "uploads", blobs),
        logs=Logs(folder / "logs"),
        trees=Trees(folder / "trees"),
        bells=CountedBells(),
        rules=rules or Rules(subdirs=("linux-64",), noarch_pool="linux-64"),
        now=StoppedClock(),
        new_token=lambda: next(tokens),
        admin_token="admin-secret",
        worker_token="worker-secret",
    )
    database.told = lambda: farm.now()  # noqa: PLW0108 -- whatever clock the farm is given later
    return farm
