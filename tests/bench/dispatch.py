"""From ready to started: a job of an idle farm, beside a bare Celery task on the same broker, in one run.

    python -m tests.bench.dispatch [--times 20]

The farm is ``farm up`` with one worker that rests. A broken job is tried again, and the time is taken from when it
could start to when its worker was granted it, as the database has both: the commit, the loop's turn, the bell, the
worker that hears it, and its claim over HTTP. The bare task goes through the farm's own broker to a Celery worker with
the same options, and is timed from its sending to its start. JSON is written to ``build/bench/dispatch.json``.
"""

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import redis
from celery import Celery

from controller.gateways.broker import EmbeddedBroker
from tests.kit.live_farm import LiveFarm, live_farm, wait_until
from tests.kit.recipe_trees import commit, write_recipe

AIM_MS = 20.0
QUEUE, RESULTS, TASK = "bare", "bare.results", "bare.note"
_BROKER = "BENCH_BROKER"
"""The farm's broker with its password, for the bare worker alone."""


def by_the_farm(farm: LiveFarm, tree: Path, times: int) -> list[float]:
    """Milliseconds of each retry of a job that fails at once."""
    write_recipe(tree, "fails", script=("exit 1",))
    commit(tree, "it fails")
    batch = farm.push(tree)
    farm.settled(batch)
    job = farm.jobs(batch)["build", "fails"]["id"]
    return [_retried(farm, batch, job) for _ in range(times)]


def _retried(farm: LiveFarm, batch: str, job: str) -> float:
    _rested(farm)
    answer = farm.post(f"/api/v1/jobs/{job}/retry", {"who": "bench"})
    answer.raise_for_status()
    farm.settled(batch)
    with sqlite3.connect(f"file:{farm.data / 'farm.sqlite3'}?mode=ro", uri=True) as database:
        query = "SELECT ready_at, started_at FROM job WHERE id = ?"
        ready, started = database.execute(query, [int(job.partition("-")[2])]).fetchone()
    return 1000 * (datetime.fromisoformat(started) - datetime.fromisoformat(ready)).total_seconds()


def _rested(farm: LiveFarm) -> None:
    """Until the worker waits for a bell again, and a moment more."""
    wait_until(lambda: farm.get("/api/v1/farm")["workers"][0]["state"] == "idle", 30, "a worker that rests")
    time.sleep(0.7)


def bare(broker: str, times: int) -> list[float]:
    """Milliseconds from sending a task to its start."""
    app, store = Celery("bare", broker=broker), redis.Redis.from_url(broker)
    took = []
    with _celery(broker):
        for _ in range(times + 3):
            app.send_task(TASK, args=[time.time()], queue=QUEUE)
            answer = store.blpop([RESULTS], timeout=30)
            if answer is None:
                raise RuntimeError("the bare Celery worker does not answer")
            took.append(1000 * float(answer[1]))
            time.sleep(0.3)
    return took[3:]


@contextmanager
def _celery(broker: str) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.bench.dispatch", "--serve"]
    process = subprocess.Popen(command, env=os.environ | {_BROKER: broker})
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def serve(broker: str) -> None:
    """A bare Celery worker that notes how long each task was on its way."""
    app, store = Celery("bare", broker=broker), redis.Redis.from_url(broker)
    app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1)

    @app.task(name=TASK)
    def note(sent: float) -> None:
        store.rpush(RESULTS, time.time() - sent)

    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"]
    app.worker_main(["--quiet", "worker", "--pool", "solo", "--queues", QUEUE, *quiet])


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(os.environ[_BROKER])
        return
    with tempfile.TemporaryDirectory() as folder, live_farm(Path(folder), workers=1) as farm:
        ours = by_the_farm(farm, Path(folder) / "tree", asked.times)
        theirs = bare(EmbeddedBroker(farm.data).url, asked.times)
    figures: dict[str, Any] = {
        "aim_ms_above_bare": AIM_MS, "farm_ms": _told(ours), "bare_celery_ms": _told(theirs),
        "median_above_bare_ms": round(median(ours) - median(theirs), 1),
        "machine": f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores",
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }  # fmt: skip
    print(f"from ready to started: {figures['farm_ms']}; bare Celery task: {figures['bare_celery_ms']}")
    print(f"median above bare: {figures['median_above_bare_ms']} ms (aim {AIM_MS})")
    target = Path("build/bench/dispatch.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"written to {target}")


def _told(took: list[float]) -> dict[str, float]:
    ordered = sorted(took)
    return {
        "median": round(median(took), 1), "p90": round(ordered[int(0.9 * len(ordered))], 1),
        "worst": round(ordered[-1], 1), "times": len(took),
    }  # fmt: skip


if __name__ == "__main__":
    main()
