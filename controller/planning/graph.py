"""A graph that never changes: nodes are 0 to n-1, each with its successors. Plain tuples are the fastest there is."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Graph:
    """``successors[node]`` are the nodes that an edge leads to."""

    successors: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, size: int, edges: Iterable[tuple[int, int]]) -> "Graph":
        """A graph of ``size`` nodes with these edges, each kept once."""
        found: list[dict[int, None]] = [{} for _ in range(size)]
        for source, target in edges:
            found[source][target] = None
        return cls(tuple(tuple(targets) for targets in found))

    def __len__(self) -> int:
        return len(self.successors)

    def reversed(self) -> "Graph":
        """The same with every edge turned round."""
        return Graph.of(len(self), ((target, source) for source, target in self.edges()))

    def edges(self) -> Iterable[tuple[int, int]]:
        """Every edge, by source."""
        return ((source, target) for source, targets in enumerate(self.successors) for target in targets)

    def closure(self, roots: Iterable[int]) -> frozenset[int]:
        """Everything that can be reached from the roots, the roots included."""
        seen = set(roots)
        waiting = list(seen)
        while waiting:
            for target in self.successors[waiting.pop()]:
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return frozenset(seen)

    def because(self, roots: Iterable[int], goal: int) -> tuple[int, ...]:
        """A shortest path from any root to ``goal``, both included; empty if there is none."""
        came: dict[int, int] = {root: root for root in roots}
        waiting = deque(came)
        while waiting and goal not in came:
            node = waiting.popleft()
            for target in self.successors[node]:
                if target not in came:
                    came[target] = node
                    waiting.append(target)
        return _walk_back(came, goal) if goal in came else ()

    def components(self) -> list[tuple[int, ...]]:
        """Strongly connected components, successors first (Tarjan's, without recursion)."""
        return _components(self.successors)

    def cycles(self) -> list[tuple[int, ...]]:
        """The components in which a node can be reached from itself."""
        return [part for part in self.components() if len(part) > 1 or part[0] in self.successors[part[0]]]

    def waves(self) -> list[int]:
        """For each node the number of edges on the longest path that leads to it. Raises ValueError for a cycle."""
        waves = [0] * len(self)
        for part in reversed(self.components()):
            node = part[0]
            if len(part) > 1 or node in self.successors[node]:
                raise ValueError(f"nodes {part} form a cycle")
            for target in self.successors[node]:
                waves[target] = max(waves[target], waves[node] + 1)
        return waves


def _walk_back(came: dict[int, int], goal: int) -> tuple[int, ...]:
    path = [goal]
    while came[path[-1]] != path[-1]:
        path.append(came[path[-1]])
    return tuple(reversed(path))


def _components(successors: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Tarjan's algorithm. ``index`` counts up as nodes are met; one whose component is known counts as beyond all."""
    beyond = len(successors) + 1
    index, low = [0] * len(successors), [0] * len(successors)
    stack: list[int] = []
    found: list[tuple[int, ...]] = []
    count = 0
    for root in range(len(successors)):
        path = [] if index[root] else [(root, iter(successors[root]))]
        if path:
            count += 1
            index[root] = low[root] = count
            stack.append(root)
        while path:
            node, targets = path[-1]
            for target in targets:
                if not index[target]:
                    count += 1
                    index[target] = low[target] = count
                    stack.append(target)
                    path.append((target, iter(successors[target])))
                    break
                low[node] = min(low[node], index[target])
            else:
                path.pop()
                if path and low[node] < low[path[-1][0]]:
                    low[path[-1][0]] = low[node]
                if low[node] == index[node]:
                    found.append(_close(node, stack, index, beyond))
    return found


def _close(root: int, stack: list[int], index: list[int], beyond: int) -> tuple[int, ...]:
    place = len(stack) - 1
    while stack[place] != root:
        place -= 1
    part = tuple(reversed(stack[place:]))
    del stack[place:]
    for node in part:
        index[node] = beyond
    return part
