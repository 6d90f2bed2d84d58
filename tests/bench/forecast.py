"""What a forecast costs, and whether what comes lies in the range that it told.

    python -m tests.bench.forecast [--jobs 5000] [--draws 200]

Jobs, edges and durations are drawn from a fixed seed: long tails, three pools of unequal size. ``within`` is the share
of drawn runs, each with durations drawn anew from what the forecast knew, that ended within its range; ``off`` how far
the middle was from the mean end of those runs. JSON is written to ``build/bench/forecast.json``.
"""

import argparse
import json
import platform
import random
import time
from pathlib import Path
from statistics import fmean, median
from typing import Any

from controller.domain.forecasts import Basis
from controller.domain.jobs import JobKind
from controller.gateways.bodies import uncollected
from controller.planning.durations import Duration
from controller.planning.forecast import Task, forecast
from controller.planning.queueing import Crews, Place, Queue

POOLS = ("linux-64", "osx-arm64", "win-64")
CREWS: Crews = {frozenset({"linux-64"}): 40, frozenset({"osx-arm64"}): 15, frozenset({"win-64"}): 10}
BUDGET_MS = 50.0


def drawn(jobs: int, spread: float, rng: random.Random) -> list[Task]:
    """Jobs that each wait for up to three of those some hundred before them; ranked by their height."""
    medians = [rng.lognormvariate(5.0, 1.0) for _ in range(jobs)]
    parents = [
        frozenset(str(max(0, number - rng.randrange(1, 400))) for _ in range(rng.randrange(4))) if number > 50 else
        frozenset[str]() for number in range(jobs)
    ]  # fmt: skip
    places = [Place(str(number), "x", number, waits) for number, waits in enumerate(parents)]
    heights = Queue.of(places).heights(medians)
    return [
        Task(str(n), JobKind.BUILD, str(n), pool := rng.choice(POOLS), pool, Duration(medians[n], spread, Basis.OWN),
             parents[n], -heights[n])
        for n in range(jobs)
    ]  # fmt: skip


def ends_of(tasks: list[Task], draws: int, rng: random.Random) -> list[float]:
    """When runs end whose durations are drawn one by one."""
    queue = Queue.of([Place(task.key, task.pool, task.rank, task.parents) for task in tasks])
    by_key = {task.key: task.duration for task in tasks}
    known = [by_key[place.key] for place in queue.places]
    return [
        max(queue.run([d.median * rng.lognormvariate(0.0, d.spread) for d in known], CREWS)[1]) for _ in range(draws)
    ]


def measured(jobs: int, spread: float, draws: int) -> dict[str, Any]:
    """Cost and truth of one forecast."""
    rng = random.Random(jobs)
    tasks = drawn(jobs, spread, rng)
    seconds = []
    for _ in range(7):
        with uncollected():  # as the farm asks
            begun = time.process_time()
            found = forecast(tasks, CREWS)
            seconds.append(time.process_time() - begun)
    ends = ends_of(tasks, draws, rng)
    load = max(sum(t.duration.mean for t in tasks if t.pool == p) / CREWS[frozenset({p})] for p in POOLS)
    return {
        "jobs": jobs, "spread": spread, "cpu_ms_best": round(1000 * min(seconds), 1),
        "cpu_ms_median": round(1000 * median(seconds), 1), "budget_ms": BUDGET_MS,
        "end_against_bound": round(found.ends.middle / max(found.critical_seconds, load), 3),
        "range": round(found.ends.upper / found.ends.lower, 2),
        "within": round(fmean(found.ends.lower <= end <= found.ends.upper for end in ends), 3),
        "off": round(found.ends.middle / fmean(ends) - 1, 3),
    }  # fmt: skip


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--draws", type=int, default=200)
    asked = parser.parse_args()
    sizes = (1, 10, 200, asked.jobs)
    figures = [measured(jobs, spread, asked.draws) for jobs in sizes for spread in (0.25, 0.8)]
    for line in figures:
        print(line)
    target = Path("build/bench/forecast.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"machine": platform.machine(), "forecasts": figures}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
