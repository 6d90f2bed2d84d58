"""How long a batch takes in the farm's order, beside the best there can be and beside the orders of others.

    python -m tests.bench.makespan [--large 20000] [--seeds 10] [--closures 12]

Real recipe graphs, drawn durations. Each recipe is a build and a test, and dependents wait for the test; builds and
tests are log-normal, and what truly comes is off from what was expected by a log-error of 0.5. The large batch has
three pools of unequal size and speed; single closures (a package and all above it) run on 60 workers of one. The bound
is max(critical path, work / workers) of the true durations, which no order can be below.

All orders drive the same simulated farm (a free worker takes the best that is ready) on the same durations, seed by
seed. The rivals: who was ready first (topological FIFO); the most direct dependents, then who was ready first (as Open
Build Service, without the load of its projects, since there is one); the longest chain counted in steps, then the
lowest number (as Hydra). Beside them the farm's own order if it had known what truly comes. JSON is written to
``build/bench/makespan.json``.
"""

import argparse
import json
import math
import os
import platform
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from pathlib import Path
from statistics import fmean
from typing import Any

from controller.domain.priorities import Priority
from controller.planning.dependencies import HARD, edges_of
from controller.planning.graph import Graph
from controller.planning.ordering import Laid, Share, order, places
from controller.planning.queueing import Place, Queue
from tests.kit.graph_worlds import ABSENT, data_path, outputs_from

AIMS = {"large": 1.05, "closure": 1.10}
LOG_ERROR = 0.5
CREWS = {"linux-64": 40, "osx-arm64": 15, "win-64": 10}
SLOWER = {"linux-64": 1.0, "osx-arm64": 1.3, "win-64": 1.8}
ONE_POOL = {"linux-64": 60}
Key = Callable[[int, float], tuple[float, ...]]
"""Of a job and when it got ready: the lowest goes first."""


@dataclass(frozen=True)
class Work:
    """Jobs by number: the pool of each, who waits for it, and how long it is thought to take and takes."""

    pools: Sequence[str]
    children: Sequence[Sequence[int]]
    expected: Sequence[float]
    true: Sequence[float]
    crews: Mapping[str, int]
    parents: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.parents.extend([0] * len(self.pools))
        for below in self.children:
            for child in below:
                self.parents[child] += 1

    def heights(self, seconds: Sequence[float]) -> list[float]:
        """The longest chain from the start of each."""
        found, left = [0.0] * len(seconds), list(self.parents)
        ready = [job for job, count in enumerate(left) if not count]
        for job in ready:
            for child in self.children[job]:
                left[child] -= 1
                if not left[child]:
                    ready.append(child)
        for job in reversed(ready):
            found[job] = seconds[job] + max((found[child] for child in self.children[job]), default=0.0)
        return found

    def bound(self) -> float:
        """No order ends sooner."""
        loads = [
            sum(s for s, pool in zip(self.true, self.pools, strict=True) if pool == name) / workers
            for name, workers in self.crews.items()
        ]
        return max(*loads, *self.heights(self.true))

    def makespan(self, key: Key) -> float:
        """When the last job ends, if every free worker takes the best that is ready."""
        free, left, now = dict(self.crews), list(self.parents), 0.0
        ready: dict[str, list[tuple[tuple[float, ...], int]]] = {pool: [] for pool in self.crews}
        for job, count in enumerate(left):
            if not count:
                ready[self.pools[job]].append((key(job, 0.0), job))
        for queue in ready.values():
            heapify(queue)
        under_way: list[tuple[float, int]] = []
        while True:
            for pool, queue in ready.items():
                while queue and free[pool]:
                    job = heappop(queue)[1]
                    free[pool] -= 1
                    heappush(under_way, (now + self.true[job], job))
            if not under_way:
                return now
            now, ended = heappop(under_way)
            self._end(ended, now, free, left, ready, key)
            while under_way and under_way[0][0] <= now:
                self._end(heappop(under_way)[1], now, free, left, ready, key)

    def _end(self, job: int, now: float, free: dict[str, int], left: list[int], ready: Any, key: Key) -> None:
        free[self.pools[job]] += 1
        for child in self.children[job]:
            left[child] -= 1
            if not left[child]:
                heappush(ready[self.pools[child]], (key(child, now), child))


def ranks(work: Work, seconds: Sequence[float]) -> list[int]:
    """As the farm ranks a batch that expects these durations."""
    heights = work.heights(seconds)
    jobs = range(len(seconds))
    placed = places([Laid(str(job), work.pools[job], round(heights[job]), seconds[job]) for job in jobs])
    share = Share(Priority.NORMAL)
    return [order(share, work.pools[job], heights[job], placed[str(job)], None).rank for job in jobs]


def orders(work: Work) -> dict[str, Key]:
    """Ours, and those of others."""
    ours, knowing = ranks(work, work.expected), ranks(work, work.true)
    steps = work.heights([1.0] * len(work.pools))
    direct = [len(below) for below in work.children]
    return {
        "condafarm": lambda job, _: (ours[job], job),
        "topological FIFO": lambda job, since: (since, job),
        "direct dependents (OBS)": lambda job, since: (-direct[job], since, job),
        "chain in steps (Hydra)": lambda job, _: (-steps[job], job),
        "condafarm, if it knew": lambda job, _: (knowing[job], job),
    }


@dataclass(frozen=True)
class Tree:
    """Recipes of a real tree by number, and who is built with whom, without what stands in circles."""

    name: str
    graph: Graph
    order: Sequence[int]

    @classmethod
    def read(cls, name: str, path: Path) -> "Tree":
        outputs = outputs_from(path)
        pairs = {(edge.provider, edge.user) for edge in edges_of(outputs) if edge.need.kind in HARD}
        whole = Graph.of(len(outputs), sorted(pairs))
        component = {place: number for number, places_ in enumerate(whole.components()) for place in places_}
        open_pairs = sorted((a, b) for a, b in pairs if component[a] != component[b])
        graph = Graph.of(len(outputs), open_pairs)
        waves = graph.waves()
        return cls(name, graph, sorted(range(len(outputs)), key=lambda place: (waves[place], place)))

    def closures(self, least: int, most: int) -> list[frozenset[int]]:
        """What a package and all above it are, of sizes between these, each size once, small ones first."""
        found = {
            len(closed): closed for place in self.order if least <= len(closed := self.graph.closure([place])) <= most
        }
        return [found[size] for size in sorted(found)]

    def large(self, recipes: int) -> list[int]:
        """So many recipes: the packages with most above them, and what is above, nearest first."""
        sizes = sorted(self.order, key=lambda place: (-len(self.graph.closure([place])), place))
        wanted: set[int] = set()
        for place in sizes:
            if len(wanted) >= recipes:
                break
            wanted |= self.graph.closure([place])
        return [place for place in self.order if place in wanted][:recipes]


def drawn(tree: Tree, recipes: Sequence[int], crews: Mapping[str, int], seed: int) -> Work:
    """Builds and tests of these recipes in every pool, with durations of their own."""
    rng = random.Random(f"{tree.name} {len(recipes)} {seed}")
    numbers = {place: number for number, place in enumerate(recipes)}
    pools: list[str] = []
    children: list[list[int]] = []
    expected: list[float] = []
    size = len(recipes)
    base = [(rng.lognormvariate(math.log(180.0), 1.1), rng.lognormvariate(math.log(30.0), 0.6)) for _ in recipes]
    for at, pool in enumerate(crews):
        begin = 2 * size * at
        for number, place in enumerate(recipes):
            users = [begin + 2 * numbers[user] for user in tree.graph.successors[place] if user in numbers]
            pools += [pool, pool]
            children += [[begin + 2 * number + 1], users]
            expected += [seconds * SLOWER[pool] for seconds in base[number]]
    true = [seconds * rng.lognormvariate(0.0, LOG_ERROR) for seconds in expected]
    return Work(pools, children, expected, true, crews)


def compared(works: Sequence[Work]) -> dict[str, Any]:
    """Makespan over bound of every order, over seeds; and how often and how far a rival was better."""
    found: dict[str, list[float]] = {}
    for work in works:
        bound = work.bound()
        for name, key in orders(work).items():
            found.setdefault(name, []).append(work.makespan(key) / bound)
    ours = found["condafarm"]
    rivals = {name: ratios for name, ratios in found.items() if not name.startswith("condafarm")}
    return {
        "jobs": len(works[0].pools), "seeds": len(works),
        "mean": {name: round(fmean(ratios), 4) for name, ratios in found.items()},
        "worst": {name: round(max(ratios), 4) for name, ratios in found.items()},
        "best_rival_over_ours": round(min(fmean(ratios) for ratios in rivals.values()) / fmean(ours), 4),
        "pairs_in_which_a_rival_was_better_by_over_1_percent": {
            name: sum(theirs < mine * 0.99 for theirs, mine in zip(ratios, ours, strict=True))
            for name, ratios in rivals.items()
        },
    }  # fmt: skip


def as_the_queue_does(work: Work) -> None:
    """The simulated farm of this file is the one that forecasts run. Raises RuntimeError where they differ."""
    waits: list[set[str]] = [set() for _ in work.pools]
    for job, below in enumerate(work.children):
        for child in below:
            waits[child].add(str(job))
    ours = ranks(work, work.expected)
    queue = Queue.of([Place(str(job), work.pools[job], ours[job], frozenset(waits[job])) for job in range(len(ours))])
    _, ends = queue.run(
        [work.true[int(place.key)] for place in queue.places], {frozenset({p}): n for p, n in work.crews.items()}
    )
    if not math.isclose(max(ends), work.makespan(orders(work)["condafarm"]), rel_tol=1e-9):
        raise RuntimeError("the two simulations of the queue differ")


def measured(tree: Tree, large: int, seeds: int, closures: int) -> dict[str, Any]:
    """The large batch and the closures of one tree."""
    recipes = tree.large(large // (2 * len(CREWS)))
    known = tree.closures(100, 3000)
    step = max(len(known) // closures, 1)
    picked = [sorted(closed, key=tree.order.index) for closed in known[step - 1 :: step]]
    as_the_queue_does(drawn(tree, recipes, CREWS, 0))
    return {
        "large": compared([drawn(tree, recipes, CREWS, seed) for seed in range(max(seeds // 3, 1))]),
        "closures": [compared([drawn(tree, closed, ONE_POOL, seed) for seed in range(seeds)]) for closed in picked],
    }  # fmt: skip


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--closures", type=int, default=12)
    asked = parser.parse_args()
    trees = {}
    for name in ("bioconda", "staged"):
        path = data_path(name)
        if path is None:
            print(f"{name}: {ABSENT}")
            continue
        trees[name] = measured(Tree.read(name, path), asked.large, asked.seeds, asked.closures)
        _tell(name, trees[name])
    figures = {
        "aims": AIMS, "log_error": LOG_ERROR, "trees": trees, "machine": f"{platform.machine()} {platform.system()}",
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }  # fmt: skip
    target = Path("build/bench/makespan.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"written to {target}")


def _tell(name: str, found: dict[str, Any]) -> None:
    large, closures = found["large"], found["closures"]
    print(f"{name}, large batch of {large['jobs']:,} jobs on {CREWS}: makespan / bound (aim {AIMS['large']})")
    for rival, ratio in large["mean"].items():
        print(f"  {rival}: {ratio} (worst {large['worst'][rival]})")
    print(f"{name}, {len(closures)} closures on 60 workers: makespan / bound (aim {AIMS['closure']})")
    for rival in large["mean"]:
        mean = fmean(c["mean"][rival] for c in closures)
        print(f"  {rival}: {mean:.4f} (closure with the worst mean {max(c['mean'][rival] for c in closures)})")
    print(
        f"  best rival's mean / ours, closure by closure: at least {min(c['best_rival_over_ours'] for c in closures)}"
    )


if __name__ == "__main__":
    main()
