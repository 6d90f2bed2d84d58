"""The Farm: the one argument of every service. Built by ``controller.wiring``, or by a test."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any, Protocol

from controller.domain.forecasts import Forecast
from controller.domain.needs import Needs
from controller.domain.priorities import Priority
from controller.domain.upstream import WatchedChannel
from controller.gateways.blobs import Blobs
from controller.gateways.index import Records
from controller.gateways.logs import Logs
from controller.gateways.recent import RecentReadings
from controller.gateways.shards import Shards
from controller.gateways.trees import Trees
from controller.gateways.uploads import Uploads
from controller.services.enquiries import Enquiries
from controller.services.standings import Kept
from controller.storage.database import Database, Session
from workers.contract.jobs import Limits


class Bells(Protocol):
    """What ringing needs: the broker, or a fake of it."""

    def outstanding(self, pool: str) -> int | None:
        """Bells nobody has heard yet; None when it cannot be known."""

    def ring(self, pool: str, times: int) -> int:
        """Ring; answers how many bells got through."""

    def close(self) -> None:
        """Give the connections back."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers that services decide by. From the settings; times in seconds."""

    subdirs: tuple[str, ...]
    noarch_pool: str
    upstream: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    """Trees that form one farm, in order: of two that make one file the first does."""
    watch: tuple[WatchedChannel, ...] = ()
    lease_seconds: float = 60.0
    max_attempts: int = 3
    wish_seconds: float = 600.0
    """So long a repeated job waits for what it is to have: another worker, or a machine of its own."""
    longer_times: float = 2.0
    """A try with longer limits has so many times the usual ones."""
    memory_times: float = 1.0
    """A job asks for so many times the memory that it needed before; 0: for what its tree says alone."""
    known_failure_days: float = 7.0
    baseline_days: float = 7.0
    """So long a test that passed counts as having passed before; 0: a control is run whenever one fails."""
    worker_faults: int = 3
    flake_times: int = 3
    """A test, or a case, that came and went so often in the last ``flake_runs`` is quarantined; 0: none is."""
    flake_runs: int = 40
    quarantine_days: float = 30.0
    quarantine_clean_runs: int = 20
    """So many runs in a row without a failure end a quarantine."""
    build: Limits = field(default_factory=Limits)
    test: Limits = field(default_factory=lambda: Limits(total_seconds=1800.0))
    package_format: str = "conda:3"
    circuit_breaker_jobs: int = 2000
    circuit_breaker_times: float = 10.0
    tick_seconds: float = 1.0
    watch_priority: Priority = Priority.LOW
    """Of what moves in watched channels."""
    background_hours: float = 168.0
    """After this time work in the background counts as ``low``."""
    leader_seconds: float = 15.0
    """A leader of the loop that is silent for so long is taken over from."""
    idle_seconds: float = 600.0
    """A pool with work and without busy workers in which nothing starts for so long is told; 0: none is."""


@dataclass(frozen=True, slots=True)
class Looked:
    """When by the database's clock the loop last looked at the leases, and whether it forgave its own absence then."""

    at: datetime
    forgave: bool


@dataclass(slots=True)
class Farm:
    """Database, gateways, clock and rules. ``wake`` tells the loop that there is something to see."""

    database: Database
    blobs: Blobs
    shard_blobs: Blobs
    """Shards of channel indexes, apart from the store: whoever knows the digest of one may fetch it."""
    uploads: Uploads
    logs: Logs
    trees: Trees
    bells: Bells
    rules: Rules
    now: Callable[[], datetime]
    new_token: Callable[[], str]
    admin_token: str = ""
    worker_token: str = ""
    wake: Event = field(default_factory=Event)
    shards: Shards = field(default_factory=Shards)
    records: Records = field(default_factory=Records)
    """Records as rendered for the index, by digest: one more package does not render all the others again."""

    readings: RecentReadings = field(default_factory=RecentReadings)
    forecasts: dict[int, tuple[datetime, Forecast]] = field(default_factory=dict)
    """Of large batches, by their number, with when they were made."""
    standings: Kept = field(default_factory=Kept)
    enquiries: Enquiries = field(default_factory=Enquiries)
    needs: Mapping[int, Needs] = field(default_factory=dict)
    """What jobs ask for, by number, as it was last read; see services.matching."""
    used: tuple[datetime, Mapping[str, float]] | None = None
    """What each person had of late, with when that was asked."""
    paced: tuple[datetime, float] | None = None
    """How seldom workers are to send their logs, with when that was found; see services.transfers."""
    began_again: datetime | None = None
    """When the loop last tried to open what others had overtaken."""
    looked: Looked | None = None
    """None until this process leads for the first time."""
    asked_idleness: datetime | None = None
    """When the loop last asked whether nothing starts."""
    process: str = ""
    """Which process this is, for people: host and number."""
    fence: Callable[[Session], AbstractContextManager[object]] = nullcontext
    """What every writing transaction passes: for the loop's own Farm, whether it leads; see services.leading."""

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One writing transaction; the loop looks once it has committed."""
        with self.database.writing() as session, self.fence(session):
            yield session
        self.wake.set()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One transaction that writes nothing."""
        with self.database.reading() as session:
            yield session

    def database_time(self) -> datetime:
        """What time it is by the database's clock."""
        with self.reading() as session:
            return self.database.clock(session)

    def lease_end(self, session: Session) -> Any:
        """When a lease granted now lapses, by the database's clock, as a value to be written."""
        return self.database.clock_value(session, self.rules.lease_seconds)

    def close(self) -> None:
        """Give everything back."""
        self.enquiries.close()
        self.bells.close()
        self.database.close()
