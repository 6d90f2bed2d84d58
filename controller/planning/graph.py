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
        return _Tarjan(self.successors).run()

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


class _Tarjan:
    def __init__(self, successors: Sequence[Sequence[int]]) -> None:
        self.successors = successors
        self.index = [-1] * len(successors)
        self.low = [0] * len(successors)
        self.on_stack = [False] * len(successors)
        self.stack: list[int] = []
        self.count = 0
        self.found: list[tuple[int, ...]] = []

    def run(self) -> list[tuple[int, ...]]:
        for root in range(len(self.successors)):
            if self.index[root] < 0:
                self._visit(root)
        return self.found

    def _visit(self, root: int) -> None:
        work = [(root, 0)]
        self._open(root)
        while work:
            node, position = work.pop()
            targets = self.successors[node]
            if position < len(targets):
                work.append((node, position + 1))
                self._step(node, targets[position], work)
                continue
            if work:
                parent = work[-1][0]
                self.low[parent] = min(self.low[parent], self.low[node])
            if self.low[node] == self.index[node]:
                self._close(node)

    def _step(self, node: int, target: int, work: list[tuple[int, int]]) -> None:
        if self.index[target] < 0:
            self._open(target)
            work.append((target, 0))
        elif self.on_stack[target]:
            self.low[node] = min(self.low[node], self.index[target])

    def _open(self, node: int) -> None:
        self.index[node] = self.low[node] = self.count
        self.count += 1
        self.stack.append(node)
        self.on_stack[node] = True

    def _close(self, root: int) -> None:
        part: list[int] = []
        while not part or part[-1] != root:
            node = self.stack.pop()
            self.on_stack[node] = False
            part.append(node)
        self.found.append(tuple(part))
