"""Which edges to cut so that no circle is left: the fewest, where some cannot be cut and some drag others along."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

Edge = tuple[int, int]
"""User, provider."""
STEPS = 100_000
"""How many edges the exact search looks at, over and over, before it gives up."""


@dataclass(frozen=True, slots=True)
class Found:
    """The edges to cut. ``exact`` says that no smaller set would do; else only that none of these can be spared."""

    cuts: frozenset[Edge]
    exact: bool


def fewest_cuts(edges: Iterable[Edge], cuttable: Mapping[Edge, frozenset[Edge]], steps: int = STEPS) -> Found | None:
    """The fewest of ``edges`` without which no circle is left; None where those that cannot be cut close one.

    ``cuttable`` has each edge that can be cut, with all that must be cut along with it, itself included. Exact by
    bounded search: sizes are tried from the smallest, each by branching over the edges of a shortest circle, and what
    circles that share no edge prove to be too few is left out. When that takes more than ``steps`` the answer is
    greedy: the edge of a shortest circle that most leads into and out of, until no circle is left; then whatever can
    be spared is put back.
    """
    search = _Search(frozenset(edges), cuttable, steps)
    return search.exactly() if search.possible() else None


@dataclass(slots=True)
class _Search:
    edges: frozenset[Edge]
    cuttable: Mapping[Edge, frozenset[Edge]]
    steps: int
    seen: set[frozenset[Edge]] = field(default_factory=set)

    def possible(self) -> bool:
        """Whether cutting all that can be cut leaves no circle."""
        return not _circle(self.edges - self.cuttable.keys())

    def exactly(self) -> Found:
        """The smallest set, or a good one when that takes too long."""
        for size in range(len(self.edges) + 1):
            self.seen = set()
            cuts = self._within(frozenset(), size)
            if cuts is not None:
                return Found(cuts, exact=True)
            if self.steps < 0:
                break
        return Found(self._greedily(), exact=False)

    def _within(self, cuts: frozenset[Edge], size: int) -> frozenset[Edge] | None:
        self.steps -= len(self.edges)
        circle = _circle(self.edges - cuts)
        if not circle:
            return cuts
        if self.steps < 0 or len(cuts) + self._at_least(cuts, size - len(cuts)) > size:
            return None
        for edge in circle:
            more = cuts | self.cuttable.get(edge, frozenset())
            if len(cuts) < len(more) <= size and more not in self.seen:
                self.seen.add(more)
                found = self._within(more, size)
                if found is not None:
                    return found
        return None

    def _at_least(self, cuts: frozenset[Edge], enough: int) -> int:
        """How many circles there are that share nothing that can be cut; counted to one above ``enough``."""
        left, count = self.edges - cuts, 0
        while count <= enough and (circle := _circle(left)):
            count += 1
            self.steps -= len(left)
            left -= {edge for edge in circle if edge in self.cuttable}
        return count

    def _greedily(self) -> frozenset[Edge]:
        cuts: frozenset[Edge] = frozenset()
        chosen: list[Edge] = []
        while circle := _circle(self.edges - cuts):
            left = self.edges - cuts
            there = [edge for edge in circle if edge in self.cuttable]
            chosen.append(min(there, key=lambda edge: self._cost(edge, left)))
            cuts |= self.cuttable[chosen[-1]]
        for edge in tuple(chosen):
            fewer = frozenset(e for other in chosen if other != edge for e in self.cuttable[other])
            if not _circle(self.edges - fewer):
                chosen.remove(edge)
                cuts = fewer
        return cuts

    def _cost(self, edge: Edge, left: Collection[Edge]) -> tuple[float, Edge]:
        leading = sum(target == edge[0] for _, target in left) + 1
        following = sum(source == edge[1] for source, _ in left) + 1
        return (len(self.cuttable[edge]) / (leading * following), edge)


def _circle(edges: Collection[Edge]) -> tuple[Edge, ...]:
    """A shortest circle, as its edges; empty if there is none."""
    successors: dict[int, list[int]] = {}
    for source, target in sorted(edges):
        if source == target:
            return ((source, target),)
        successors.setdefault(source, []).append(target)
    best: tuple[Edge, ...] = ()
    for root in successors:
        found = _back_to(root, successors, len(best))
        if found and (not best or len(found) < len(best)):
            best = found
        if len(best) == 2:  # nothing is shorter
            break
    return best


def _back_to(root: int, successors: Mapping[int, list[int]], bound: int) -> tuple[Edge, ...]:
    """A shortest way from ``root`` to itself, if it is shorter than ``bound``, where there is one."""
    came: dict[int, tuple[int, int]] = {root: (root, 0)}
    waiting = deque((root,))
    while waiting:
        node = waiting.popleft()
        far = came[node][1] + 1
        if bound and far >= bound:
            return ()
        for target in successors.get(node, ()):
            if target == root:
                return _walked(root, node, came)
            if target not in came:
                came[target] = (node, far)
                waiting.append(target)
    return ()


def _walked(root: int, last: int, came: Mapping[int, tuple[int, int]]) -> tuple[Edge, ...]:
    edges = [(last, root)]
    while edges[-1][0] != root:
        node = edges[-1][0]
        edges.append((came[node][0], node))
    return tuple(reversed(edges))
