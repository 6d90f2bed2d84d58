"""Figures of one world, measured in a process of its own: the farm's plan, and networkx on the same edges."""

import gc
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import networkx as nx

from controller.gateways.bodies import uncollected
from controller.planning.dependencies import HARD, edges_of
from controller.planning.graph import Graph
from tests.kit.graph_worlds import World

Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Timed:
    """What an act gave, and the seconds of its runs."""

    given: Any
    cpu: list[float]
    wall: list[float]

    def figures(self) -> dict[str, float]:
        """Best and median, in seconds."""
        return {
            "cpu_best": round(min(self.cpu), 4), "cpu_median": round(median(self.cpu), 4),
            "wall_best": round(min(self.wall), 4), "wall_median": round(median(self.wall), 4),
        }  # fmt: skip


def timed(act: Callable[[], Any], times: int) -> Timed:
    """Run ``act`` so often, without garbage collection, as the farm plans; only the last of what it gives is kept."""
    cpu, wall, given = [], [], None
    for _ in range(times):
        given = None
        gc.collect()
        with uncollected():
            began = time.process_time(), time.perf_counter()
            given = act()
            cpu.append(time.process_time() - began[0])
            wall.append(time.perf_counter() - began[1])
    return Timed(given, cpu, wall)


def peak_mb() -> int:
    """The most memory that this process ever held, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // (1024 if sys.platform != "darwin" else 1024 * 1024)


def held_mb() -> int:
    """The memory that this process holds now, in MB; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize() // (1024 * 1024)


def side_by_side(world: World, name: str, times: int) -> dict[str, Any]:
    """A graph of the same edges, and all that is reached from one package, by networkx and by ours.

    Once with the edges of build and host, once with every edge that recipes and exports make, as a plan looks at.
    """
    edges = list(edges_of(world.outputs))
    hard = [(edge.provider, edge.user) for edge in edges if edge.need.kind in HARD]
    every = [(edge.provider, edge.user) for edge in edges]
    roots = [place for place, output in enumerate(world.outputs) if output.name == name]
    size = len(world.outputs)
    return {"build and host": _beside(size, hard, roots, times), "every edge": _beside(size, every, roots, times)}


def _beside(size: int, edges: Pairs, roots: list[int], times: int) -> dict[str, Any]:
    pairs = list(dict.fromkeys(edges))
    theirs, ours = timed(lambda: _digraph(size, pairs), times), timed(lambda: Graph.of(size, pairs), times)
    reached = timed(lambda: {n for root in roots for n in nx.descendants(theirs.given, root)} | set(roots), times)
    closed = timed(lambda: ours.given.closure(roots), times)
    if reached.given != closed.given:
        raise RuntimeError("networkx and the farm's graph reach different outputs")
    return {
        "pairs": len(pairs), "reached": len(closed.given),
        "networkx": {"build": theirs.figures(), "descendants": reached.figures()},
        "farm": {"build": ours.figures(), "descendants": closed.figures()},
    }  # fmt: skip


def _digraph(size: int, pairs: Pairs) -> "nx.DiGraph[int]":
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from(pairs)
    return graph
