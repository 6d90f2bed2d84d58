"""How long a whole plan takes on trees of real size, beside networkx, which finds the descendants alone.

    python -m tests.bench.planning [--worlds bioconda staged synthetic] [--times 5]

A plan is the decision with every reason, the build numbers, and all jobs in waves. Names with their numbers are
those of drawn outputs: a builder's render of what is rebuilt is no part of these figures, nor is reading a tree
(``reading.py`` has that). Garbage is collected between the runs and not within, as the farm does it. Every world
is measured in a process of its own, so that its memory is its own. Seconds are CPU and wall, best and median; on a
machine that does other work CPU is what to look at. JSON is written to ``build/bench/planning.json``.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from controller.domain.artifacts import Artifact
from controller.domain.plans import Decision, Plan
from controller.domain.recipes import Output, Reading
from controller.planning.impact import decide_on
from controller.planning.index import Index
from controller.planning.indexing import index_of, updated
from controller.planning.numbers import assign
from controller.planning.plan import arrange, schedule
from tests.bench.graphs import held_mb, peak_mb, side_by_side, timed
from tests.kit.drawing import ledger_of, name_drawn
from tests.kit.graph_worlds import ABSENT, World, data_path, edited, from_data, moved, synthetic

BUDGETS = {"plan_s": 0.3, "update_s": 0.05, "memory_mb": 1024}
PARTS = ("decide", "arrange", "numbers", "schedule", "cold")
Ledger = dict[tuple[str, str, str], int]
CHANGES: dict[str, tuple[tuple[str, str], ...]] = {
    "bioconda": (("htslib", "2.0"), ("samtools", "2.0")),
    "staged": (("zlib", "2.0"), ("openssl", "9.0")),
    "synthetic": (("zlib", "1.5.0"), ("zlib", "2.0.0"), ("lib0-0", "9.0.0")),
}


def world_of(name: str) -> World | None:
    """The world of that name; None where its data are not at hand."""
    if name == "synthetic":
        return synthetic()
    path = data_path(name)
    return from_data(path) if path else None


def measured(name: str, times: int) -> dict[str, Any]:
    """All figures of one world."""
    world = world_of(name)
    if world is None:
        return {"skipped": ABSENT}
    before = held_mb()
    cold = timed(lambda: index_of(world.outputs, world.artifacts), times)
    plans = [_planned(world, cold.given, package, version, times) for package, version in CHANGES[name]]
    figures = {
        "recipes": len({output.recipe for output in world.outputs}), "outputs": len(world.outputs),
        "requirement_edges": world.edges, "index": cold.figures(),
        "update": _updates(world, cold.given, CHANGES[name][0][0], times), "plans": plans,
        "memory_mb": {"tree and artifacts alone": before, "peak with every plan above": peak_mb()},
    }  # fmt: skip
    beside = side_by_side(world, CHANGES[name][0][0], times)
    return figures | {"beside": beside, "ratios": _ratios(figures, beside)}


def _planned(world: World, index: Index, package: str, version: str, times: int) -> dict[str, Any]:
    """A package of another version: what the plan says, and what each part of it takes with the index kept."""
    reading, ledger = moved(world, package, version), ledger_of(world.artifacts)
    after = updated(index, reading.outputs, world.artifacts)
    decided = timed(lambda: decide_on(after), times)
    decision: Decision = decided.given
    arranged = timed(lambda: arrange(decision, after), times)
    numbers = timed(lambda: arranged.given.numbers(assign(decision, ledger)), times)
    outputs = [member.output for member in decision.members]
    named = [output for of_stage in numbers.given for output in name_drawn(outputs, of_stage)]
    jobs = timed(lambda: schedule(decision, named, arrangement=arranged.given), times)
    whole = timed(lambda: _whole(after, ledger, named), times)
    return {
        "change": f"{package} {version}", "members": Counter(m.membership.value for m in decision.members),
        "rules": dict(Counter(m.reasons[0].rule.value for m in decision.members).most_common()),
        "jobs": len(jobs.given.jobs), "waves": jobs.given.waves, "decide": decided.figures(),
        "arrange": arranged.figures(), "numbers": numbers.figures(), "schedule": jobs.figures(),
        "whole": whole.figures(), "cold": timed(lambda: _cold(world, reading, ledger, named), 1).figures(),
    }  # fmt: skip


def _whole(index: Index, ledger: Ledger, named: Sequence[Output]) -> Plan:
    """Everything that is computed for a plan; the outputs are named beforehand, which is the builder's work."""
    decision = decide_on(index)
    arrangement = arrange(decision, index)
    arrangement.numbers(assign(decision, ledger))
    return schedule(decision, named, arrangement=arrangement)


def _cold(world: World, reading: Reading, ledger: Ledger, named: Sequence[Output]) -> None:
    _whole(index_of(reading.outputs, world.artifacts), ledger, named)


def _updates(world: World, index: Index, package: str, times: int) -> dict[str, Any]:
    """The next index where one recipe differs, and where one package was published."""
    leaf = edited(world, frozenset({world.outputs[-1].name}))
    low = edited(world, frozenset({package}))
    place = next(n for n, artifact in enumerate(world.artifacts) if artifact.name == package)
    again = replace(world.artifacts[place], sha256=sha256(b"again").hexdigest())
    target = (*world.artifacts[:place], again, *world.artifacts[place + 1 :])
    index.running  # noqa: B018 -- what is kept from the plan before, and follows with the index
    return {
        "a recipe nobody uses": _followed(index, leaf.outputs, world.artifacts, times),
        f"the recipe of {package}": _followed(index, low.outputs, world.artifacts, times),
        f"a new file of {package}": _followed(index, world.outputs, target, times),
    }


def _followed(index: Index, outputs: Sequence[Output], base: Sequence[Artifact], times: int) -> dict[str, float]:
    return timed(lambda: updated(index, outputs, base).running, times).figures()


def _ratios(figures: dict[str, Any], beside: dict[str, Any]) -> dict[str, float]:
    """By medians of CPU time. Above 1 is over the budget, or slower than networkx."""
    plan = max(found["whole"]["cpu_median"] for found in figures["plans"])
    update = max(found["cpu_median"] for found in figures["update"].values())
    peak = figures["memory_mb"]["peak with every plan above"]
    ratios = {
        "slowest plan / budget": plan / BUDGETS["plan_s"],
        "slowest update / budget": update / BUDGETS["update_s"],
        "peak memory / budget": peak / BUDGETS["memory_mb"],
    }
    for which, found in beside.items():
        ours, theirs = (
            {part: found[who][part]["cpu_median"] for part in ("build", "descendants")} for who in ("farm", "networkx")
        )
        ratios[f"our graph / networkx, {which}"] = ours["build"] / theirs["build"]
        ratios[f"our descendants / networkx, {which}"] = ours["descendants"] / max(theirs["descendants"], 1e-9)
        ratios[f"slowest whole plan / networkx' graph and descendants, {which}"] = plan / sum(theirs.values())
    return {name: round(ratio, 2) for name, ratio in ratios.items()}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", nargs="*", default=list(CHANGES), choices=list(CHANGES))
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--step", choices=list(CHANGES), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        print(json.dumps(measured(asked.step, asked.times)))
        return
    worlds = {name: _apart(name, asked.times) for name in asked.worlds}
    figures = {
        "budgets": BUDGETS, "worlds": worlds, "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "machine": f"{platform.machine()} {platform.system()}", "python": platform.python_version(),
    }  # fmt: skip
    target = Path("build/bench/planning.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    for name, found in worlds.items():
        print(*_told(name, found), sep="\n")
    print(f"written to {target}")


def _told(name: str, found: dict[str, Any]) -> Iterator[str]:
    if "skipped" in found:
        yield f"{name}: {found['skipped']}"
        return
    yield f"{name}: {found['outputs']} outputs, {found['requirement_edges']} edges; CPU seconds, medians"
    yield f"  index {found['index']['cpu_median']}"
    for what, figures in found["update"].items():
        yield f"  update, {what}: {figures['cpu_median']}"
    for plan in found["plans"]:
        parts = ", ".join(f"{part} {plan[part]['cpu_median']}" for part in PARTS)
        yield f"  {plan['change']}: whole {plan['whole']['cpu_median']} ({parts}); {plan['jobs']} jobs"
    for what, ratio in found["ratios"].items():
        yield f"  {what}: {ratio}"


def _apart(name: str, times: int) -> Any:
    command = [sys.executable, "-m", "tests.bench.planning", "--step", name, "--times", str(times)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


if __name__ == "__main__":
    main()
