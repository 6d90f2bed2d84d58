"""Where the boxes of a small picture stand: arrows lead to later lanes, and neighbours stand near each other."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

Edge = tuple[str, str]
_SWEEPS = 8


def steps(paths: Iterable[Sequence[str]]) -> tuple[Edge, ...]:
    """The single steps of some paths, each once, without those that would close a circle."""
    found: dict[Edge, None] = {}
    below: dict[str, set[str]] = {}
    for path in paths:
        for edge in pairwise(path):
            if edge not in found and not _leads(below, edge[1], edge[0]):
                found[edge] = None
                below.setdefault(edge[0], set()).add(edge[1])
    return tuple(found)


def lanes(names: Iterable[str], edges: Sequence[Edge]) -> tuple[tuple[str, ...], ...]:
    """The names lane by lane. ``edges`` hold no circle; every one leads from an earlier lane to a later one."""
    lane = dict.fromkeys([*names, *(name for edge in edges for name in edge)], 0)
    for _ in lane:
        for above, below in edges:
            lane[below] = max(lane[below], lane[above] + 1)
    rows = [[name for name in lane if lane[name] == number] for number in range(max(lane.values(), default=-1) + 1)]
    return tuple(tuple(row) for row in _combed(rows, edges))


def _leads(below: Mapping[str, set[str]], start: str, goal: str) -> bool:
    seen, edge = {start}, [start]
    while edge:
        name = edge.pop()
        if name == goal:
            return True
        new = below.get(name, set()) - seen
        seen |= new
        edge += new
    return False


def _combed(rows: list[list[str]], edges: Sequence[Edge]) -> list[list[str]]:
    """Each lane in the order of the mean place of its neighbours, over and over."""
    near: dict[str, list[str]] = {}
    for above, below in edges:
        near.setdefault(above, []).append(below)
        near.setdefault(below, []).append(above)
    for _ in range(_SWEEPS):
        place = {name: number - len(row) / 2 for row in rows for number, name in enumerate(row)}
        means = {name: sum(place[other] for other in near[name]) / len(near[name]) for name in near}
        rows = [sorted(row, key=lambda name: means.get(name, place[name])) for row in rows]
    return rows
