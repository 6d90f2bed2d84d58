"""What a thousand workers cost the controller: processor seconds of the server and of the loop for each second.

    python -m tests.bench.workers [--workers 1000] [--minutes 3] [--job-minutes 10] [--log-seconds 0.25]

``farm server`` and ``farm loop`` run as they are started by hand, on Postgres and Redis. One more process plays all
workers over real HTTP: each claims a job, keeps its lease (a beat every third of it), writes to its log all the
time, and reports. Jobs take between half and one and a half times ``--job-minutes``; at the beginning each
worker is somewhere within one, so that claims and reports come at the rate at which they always do. What is not
played: uploads of files and what follows from them. Linux alone, for ``/proc``. JSON: ``build/bench/workers.json``.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

import httpx2

from controller.gateways import clock
from tests.bench.claims import Size, _urls, filled
from tests.kit.farms import make_farm
from tests.kit.rows import MACHINE
from workers.contract import paths
from workers.contract.leases import ClaimRequest

AIM = 1.0
"""Cores."""
RAMP = 60.0
"""Seconds in which all workers begin; they are not measured."""
CHUNK = (b"x" * 99 + b"\n") * 20
_CROWD = "all workers together, not counted"
POOLS = ("linux-64", "osx-arm64", "win-64")


class Crowd:
    """All workers, and what they saw."""

    def __init__(self, client: httpx2.AsyncClient, token: str, asked: argparse.Namespace) -> None:
        self.client, self.token, self.asked = client, token, asked
        self.took: dict[str, list[float]] = defaultdict(list)
        self.faults: Counter[str] = Counter()
        self.measuring = False

    async def ask(self, what: str, path: str, token: str, **more: Any) -> httpx2.Response | None:
        """One request; what goes wrong is counted, and not tried again."""
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        began = time.perf_counter()
        try:
            answer = await self.client.post(path, headers=headers, **more)
        except httpx2.HTTPError as error:
            self.faults[f"{what}: {type(error).__name__}"] += 1
            return None
        if answer.status_code >= 400:
            self.faults[f"{what}: {answer.status_code}"] += 1
            return None
        if self.measuring:
            self.took[what].append(1000 * (time.perf_counter() - began))
        return answer

    async def work(self, number: int) -> None:
        """One worker, until the end."""
        rng = Random(number)
        whole = 60.0 * self.asked.job_minutes
        await asyncio.sleep(rng.uniform(0, RAMP))
        seconds = rng.uniform(0, whole)  # it is in the middle of its first
        while True:
            pool = POOLS[0] if number % 5 < 3 else POOLS[number % 5 - 2]
            body = ClaimRequest(worker=f"w{number}", pools=(pool,), machine=MACHINE, protocol=1)
            answer = await self.ask("claim", paths.CLAIMS, self.token, json=body.model_dump(mode="json"))
            if answer is None or answer.status_code != 200:
                await asyncio.sleep(15.0)
                continue
            await self.job(answer.json(), seconds, rng)
            seconds = rng.uniform(0.5, 1.5) * whole

    async def job(self, claim: dict[str, Any], seconds: float, rng: Random) -> None:
        """One job: its heart and its log, then its report."""
        attempt, token, lease = claim["attempt"], claim["token"], claim["lease"]
        end = time.monotonic() + seconds
        beats = asyncio.create_task(self.beat(attempt, token, lease, claim["lease_seconds"] / 3))
        try:
            await self.write(attempt, token, end, rng)
        finally:
            beats.cancel()
        await self.ask("report", paths.report(attempt), token, json={"lease": lease, "outcome": "passed"})

    async def write(self, attempt: str, token: str, end: float, rng: Random) -> None:
        """A log that is written to all the time: pieces go out as often as the controller welcomes them."""
        sent, pace = 0, self.asked.log_seconds
        await asyncio.sleep(rng.uniform(0, max(pace, self.asked.workers / 100)))
        while time.monotonic() < end:
            said = {paths.OFFSET_HEADER: str(sent)}
            answer = await self.ask("log", paths.log(attempt), token, content=CHUNK, headers=said)
            if answer is not None:
                sent += len(CHUNK)
                pace = max(self.asked.log_seconds, float(answer.headers.get(paths.PACE_HEADER, 0)))
            await asyncio.sleep(min(pace, max(end - time.monotonic(), 0.0)))

    async def beat(self, attempt: str, token: str, lease: int, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await self.ask("beat", paths.heartbeat(attempt), token, json={"lease": lease, "phase": "build"})


def processor_seconds(process: int) -> float:
    """What a process has used so far, of user and system time."""
    told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


async def play(address: str, token: str, processes: dict[str, int], asked: argparse.Namespace) -> dict[str, Any]:
    """The crowd for so many minutes; what each process used, and how long answers took."""
    limits = httpx2.Limits(max_connections=200, keepalive_expiry=2.0)
    async with httpx2.AsyncClient(base_url=address, limits=limits, timeout=60.0) as client:
        crowd = Crowd(client, token, asked)
        tasks = [asyncio.create_task(crowd.work(number)) for number in range(asked.workers)]
        await asyncio.sleep(RAMP + 10.0)
        crowd.measuring = True
        before, began = {name: processor_seconds(p) for name, p in processes.items()}, time.monotonic()
        await asyncio.sleep(60.0 * asked.minutes)
        after, took = {name: processor_seconds(p) for name, p in processes.items()}, time.monotonic() - began
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    cores = {name: round((after[name] - before[name]) / took, 3) for name in processes}
    return {"cores": cores, "faults": dict(crowd.faults), "requests": {w: told(t, took) for w, t in crowd.took.items()}}


def told(took: list[float], seconds: float) -> dict[str, float]:
    """Rate, median and p99."""
    cuts = quantiles(took, n=100) if len(took) > 1 else [0.0] * 99
    return {
        "per_second": round(len(took) / seconds, 2), "median_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1)
    }  # fmt: skip


@contextmanager
def controller(folder: Path, url: str) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Server and loop as processes; their address, the workers' token, and their numbers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    broker = os.environ.get("FARM_TEST_BROKER_URL", "redis://127.0.0.1:6379/9")
    environment = os.environ | {"FARM_DATABASE_URL": url, "FARM_BROKER_URL": broker, "FARM_SUBDIRS": '["linux-64"]'}
    parts: dict[str, tuple[str, ...]] = {"server": ("--port", str(port)), "loop": ()}
    running = {}
    try:
        for name, more in parts.items():
            with (folder / f"{name}.log").open("w", encoding="utf-8") as log:
                line = [*_python(name), name, "--data", str(folder / "data"), *more]
                running[name] = subprocess.Popen(line, env=environment, stdout=log, stderr=log)
            if name == "server":
                _wait_for(f"http://127.0.0.1:{port}", running[name], folder / f"{name}.log")
        token = (folder / "data" / "worker-token").read_text(encoding="utf-8").strip()
        yield f"http://127.0.0.1:{port}", token, {name: process.pid for name, process in running.items()}
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait(30)


def _python(name: str) -> list[str]:
    """With FARM_BENCH_PROFILE set, what each function costs is kept in that folder."""
    keep = os.environ.get("FARM_BENCH_PROFILE")
    profiled = ("-m", "cProfile", "-o", f"{keep}/{name}.prof") if keep else ()
    return [sys.executable, *profiled, "-m", "controller.cli.entry"]


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"the server ended: {log.read_text(encoding='utf-8')[-2000:]}")
        try:
            if httpx2.get(f"{address}/readyz", timeout=2).status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise SystemExit("the server does not answer")


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--job-minutes", type=float, default=10.0)
    parser.add_argument("--log-seconds", type=float, default=0.25)
    parser.add_argument("--jobs", type=int, default=20_000)
    asked = parser.parse_args()
    for url in _urls("postgres"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            farm = make_farm(folder / "filling", url)
            farm.now, farm.new_token = clock.now, clock.new_token
            filled(farm, Size(asked.jobs))
            farm.close()
            with controller(folder, url) as (address, token, processes):
                found = asyncio.run(play(address, token, processes | {_CROWD: os.getpid()}, asked))
        _tell(found, asked)


def _tell(found: dict[str, Any], asked: argparse.Namespace) -> None:
    total = round(sum(cores for name, cores in found["cores"].items() if name != _CROWD), 3)
    print(
        f"{asked.workers} workers, jobs of {asked.job_minutes:g} min, {asked.minutes:g} min: {total} cores, aim {AIM}"
    )
    for name, cores in found["cores"].items():
        print(f"  {name}: {cores} cores")
    for what, figures in sorted(found["requests"].items()):
        print(f"  {what}: {figures['per_second']}/s, median {figures['median_ms']} ms, p99 {figures['p99_ms']} ms")
    print(f"  faults: {found['faults'] or 'none'}")
    target = Path("build/bench/workers.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = {"aim_cores": AIM, "cores": total, **found, "asked": vars(asked), "load_average": os.getloadavg()[0]}
    target.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(f"written to {target}")


if __name__ == "__main__":
    main()
