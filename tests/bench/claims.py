"""What a claim and the end of a job cost with 100,000 open jobs, beside bare loops on the same database, in one run.

    python -m tests.bench.claims [--jobs 100000] [--claims 1000] [--databases sqlite postgres]

For each database: the claim's statement alone beside a bare one that takes the next row of a table of ids (Postgres:
``FOR UPDATE SKIP LOCKED``; SQLite: a guarded UPDATE) of the same size; the whole service (lease, worker, order, event);
the service over HTTP by a real server in a process of its own; and the end of a job by a good report, with 1 and with
100 jobs waiting for it, at a tenth of the jobs and at all of them. Then ranking a batch of 20,000 jobs anew.
Postgres is that of ``FARM_TEST_DATABASE_URL``, or a local one that answers; without one it is left out. Milliseconds
are wall time. JSON is written to ``build/bench/claims.json``.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx2
from sqlalchemy import insert, text
from sqlmodel import col, select

from controller.domain.jobs import JobKind, JobState
from controller.domain.priorities import Priority
from controller.gateways import clock
from controller.services import leases, sharing
from controller.services.farm import Farm
from controller.services.results import report
from controller.storage import claims
from controller.storage.batches import BatchRow, ChangeRow
from controller.storage.database import Database
from controller.storage.jobs import JobEdge, JobRow
from tests.conftest import _own_schema, _postgres
from tests.kit.farms import make_farm
from tests.kit.rows import asking
from workers.contract import paths
from workers.contract.leases import Claim
from workers.contract.reports import Outcome, Report

AIMS = {"claim_over_http_median_ms": 10.0, "claim_over_http_p99_ms": 50.0, "finish_median_ms": 10.0}
BATCH = 20_000
POOLS = ("linux-64", "linux-64", "linux-64", "osx-arm64", "win-64")
FAN = 100
"""Every hundredth job has so many that wait for it."""


@dataclass(frozen=True)
class Size:
    """So many open jobs; six of ten are ready."""

    jobs: int

    @property
    def ready(self) -> int:
        return self.jobs * 6 // 10


def filled(farm: Farm, size: Size) -> None:
    """Batches of 20,000 jobs; each job that waits, waits for one that is ready."""
    with farm.transaction() as session:
        for first in range(0, size.jobs, BATCH):
            _batch(farm, session, first, min(BATCH, size.jobs - first))
    with farm.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _batch(farm: Farm, session: Any, first: int, number: int) -> None:
    change = ChangeRow(key=f"push:bench:{first}", kind="push", tree="t", commit="c" * 40, at=farm.now())
    session.add(change)
    session.flush()
    author = f"person {first // BATCH % 3}"
    batch = BatchRow(change_id=change.id, state="running", title=f"bench {first}", author=author, created_at=farm.now())
    session.add(batch)
    session.flush()
    ready = number * 6 // 10
    rows = [_job(farm, batch.id or 0, n, 0 if n < ready else 1) for n in range(number)]
    session.execute(insert(JobRow), rows)
    ids = session.exec(select(JobRow.id).where(JobRow.batch_id == batch.id).order_by(col(JobRow.id))).all()
    waiting = iter(ids[ready:])
    edges = []
    for at, parent in enumerate(ids[:ready]):
        for _ in range(FAN if at % 500 == 0 else 1 if at % 3 else 0):
            child = next(waiting, None)
            if child is not None:
                edges.append({"parent_id": parent, "child_id": child})
    session.execute(insert(JobEdge), edges)
    sharing.begin_anew(farm, session, batch)


def _job(farm: Farm, batch: int, number: int, waits: int) -> dict[str, Any]:
    pool, name = POOLS[number % len(POOLS)], f"package-{number}"
    order = {
        "kind": "build", "recipe": f"recipes/{name}", "source_sha256": "0" * 64, "target_platform": pool,
        "variant_config": "python:\n- '3.12'\n" * 10, "build_platform": pool, "build_number": 1, "files": [],
    }  # fmt: skip
    return {
        "batch_id": batch, "plan_key": f"build:{name}:{pool}", "kind": JobKind.BUILD.value, "order": order,
        "state": (JobState.WAITING if waits else JobState.READY).value, "recipe": f"recipes/{name}", "name": name,
        "subdir": pool, "pool": pool, "wave": waits, "open_parents": waits, "place": 600 * (number + 1),
        "height": 3 * (BATCH - number), "created_at": farm.now(), "ready_at": None if waits else farm.now(),
        "outputs": [], "reasons": [], "failing": [], "before": {},
    }  # fmt: skip


def timed(act: Callable[[], object], times: int) -> dict[str, float]:
    """Milliseconds of an act, and how often a second it was done."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append(1000 * (time.perf_counter() - began))
    return told(took)


def told(took: Sequence[float]) -> dict[str, float]:
    """Median, p95 and p99 of milliseconds, and how many go into a second."""
    cuts = quantiles(took, n=100) if len(took) > 1 else [*took, 0.0][:1] * 99
    return {
        "median_ms": round(median(took or [0.0]), 3), "p95_ms": round(cuts[94], 3), "p99_ms": round(cuts[98], 3),
        "per_second": round(1000 * len(took) / sum(took), 1) if took else 0.0, "times": len(took),
    }  # fmt: skip


def bare(farm: Farm, size: Size) -> Callable[[], object]:
    """The least that taking the next of a table can be, by the same driver, in a transaction of its own."""
    engine, sqlite = farm.database._writer, farm.database.is_sqlite
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE bare (id integer PRIMARY KEY, state text, rank bigint)"))
        rows = [{"id": n, "state": "ready", "rank": n} for n in range(size.ready)]
        connection.execute(text("INSERT INTO bare VALUES (:id, :state, :rank)"), rows)
        connection.execute(text("CREATE INDEX bare_next ON bare (rank) WHERE state = 'ready'"))
    inner = "SELECT id FROM bare WHERE state = 'ready' ORDER BY rank LIMIT 1"
    inner += "" if sqlite else " FOR UPDATE SKIP LOCKED"
    take = text(f"UPDATE bare SET state = 'running' WHERE state = 'ready' AND id = ({inner}) RETURNING id")  # noqa: S608

    def once() -> None:
        with engine.begin() as connection:
            connection.execute(take).one()

    return once


def statement(farm: Farm) -> Callable[[], object]:
    """The claim's statement, in a transaction of its own."""

    def once() -> None:
        with farm.database.writing() as session:
            assert claims.claim(session, ("linux-64",), farm.now()) is not None

    return once


def over_http(farm: Farm, claims: int) -> dict[str, float]:
    """Claims by one worker after the other, from a real server in a process of its own."""
    body = asking("h1").model_dump(mode="json")
    with served(farm) as address:
        headers = {"Authorization": f"Bearer {farm.worker_token}"}
        with httpx2.Client(base_url=address, headers=headers, timeout=60.0) as client:
            client.post(paths.CLAIMS, json=body).raise_for_status()
            return timed(lambda: client.post(paths.CLAIMS, json=body).raise_for_status(), claims)


@contextmanager
def served(farm: Farm) -> Iterator[str]:
    """A server over the farm's database, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.claims", "--serve", farm.database.url]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait()


def serve(url: str) -> None:
    """Serve until told to stop."""
    from tests.controller.cli.serving import serving

    with tempfile.TemporaryDirectory() as folder:
        farm = make_farm(Path(folder))
        farm.database.close()
        farm.database, farm.now, farm.new_token = Database(url), clock.now, clock.new_token
        with serving(farm) as address:
            print(address, flush=True)
            sys.stdin.read()
        farm.close()


def opened(url: str, folder: Path) -> Farm:
    """An empty farm whose time goes on."""
    farm = make_farm(folder, "" if url == "sqlite" else url)
    farm.now, farm.new_token = clock.now, clock.new_token
    farm.database.told = None  # type: ignore[attr-defined]
    return farm


def finishing(farm: Farm, fan: bool, times: int) -> dict[str, float]:
    """Ends of builds by a good report: of those that none or one waits for, or of those that a hundred wait for."""
    took = []
    while len(took) < times:
        claim = _claimed(farm, fan)
        if claim is None:
            break
        said = Report(lease=claim.lease, outcome=Outcome.PASSED)
        began = time.perf_counter()
        report(farm, claim.attempt, claim.token, said)
        took.append(1000 * (time.perf_counter() - began))
    return told(took)


def _claimed(farm: Farm, fan: bool) -> Claim | None:
    """A claim of a job that many wait for, or of any: those that are wanted are brought to the front first."""
    if fan:
        with farm.transaction() as session:
            many = (
                select(JobEdge.parent_id)
                .join(JobRow, col(JobRow.id) == col(JobEdge.parent_id))
                .where(JobRow.state == JobState.READY.value, JobRow.pool == "linux-64")
                .group_by(col(JobEdge.parent_id))
                .having(text(f"count(*) > {FAN // 2}"))
                .limit(1)
            )
            number = session.exec(many).first()
            row = session.get(JobRow, number) if number else None
            if row is None:
                return None
            row.rank = -1
            session.add(row)
    return leases.claim(farm, asking("f1"))


def ranked_anew(farm: Farm) -> dict[str, float]:
    """A person bumps a batch of 20,000 jobs to and fro."""
    turns = iter([Priority.HIGH, Priority.NORMAL] * 3)
    return timed(lambda: sharing.bump(farm, "B-1", next(turns), who="eva", why="bench"), 6)


def measured(url: str, folder: Path, size: Size, claims: int) -> dict[str, Any]:
    """Everything on one database."""
    small = Size(max(size.jobs // 10, 1000))
    farm = opened(url, folder / "small")
    filled(farm, small)
    figures: dict[str, Any] = {
        f"finish, {small.jobs:,} jobs": finishing(farm, fan=False, times=claims // 4),
        f"finish with {FAN} dependents, {small.jobs:,} jobs": finishing(farm, fan=True, times=10),
    }
    farm.close()
    farm = opened(url, folder / "large")
    filled(farm, size)
    figures |= {
        "bare": timed(bare(farm, size), claims),
        "claim, the statement": timed(statement(farm), claims),
        "claim, the service": timed(lambda: leases.claim(farm, asking("s1")), claims),
        "claim, two pools": timed(lambda: leases.claim(farm, asking("s1", "linux-64", "osx-arm64")), claims // 4),
        "claim over HTTP": over_http(farm, claims),
        f"finish, {size.jobs:,} jobs": finishing(farm, fan=False, times=claims // 4),
        f"finish with {FAN} dependents, {size.jobs:,} jobs": finishing(farm, fan=True, times=10),
        "bump of 20,000 jobs": ranked_anew(farm),
    }
    farm.close()
    return figures


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--claims", type=int, default=1000)
    parser.add_argument("--databases", nargs="*", default=["sqlite", "postgres"], choices=["sqlite", "postgres"])
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve)
        return
    found = {}
    for name in asked.databases:
        for url in _urls(name):
            with tempfile.TemporaryDirectory() as folder:
                found[name] = measured(url, Path(folder), Size(asked.jobs), asked.claims)
            _tell(name, found[name])
    target = Path("build/bench/claims.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    machine = f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores"
    figures = {"aims": AIMS, "jobs": asked.jobs, "databases": found, "machine": machine, "load_average": load}
    target.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"written to {target}")


def _urls(name: str) -> Iterator[str]:
    if name == "sqlite":
        yield "sqlite"
        return
    url = _postgres()
    if url is None:
        print("postgres: none answers; set FARM_TEST_DATABASE_URL")
        return
    yield from _own_schema(url)


def _tell(name: str, figures: dict[str, Any]) -> None:
    print(name)
    for what, told_ in figures.items():
        ratio = f"; {told_['median_ms'] / figures['bare']['median_ms']:.1f} times bare" if "claim" in what else ""
        late = f"p95 {told_['p95_ms']}, p99 {told_['p99_ms']}"
        print(f"  {what}: {told_['median_ms']} ms, {late}; {told_['per_second']}/s{ratio}")


if __name__ == "__main__":
    main()
