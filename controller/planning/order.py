"""Who waits for whom: parents of every build, test and retest, free of cycles.

A build waits for the builds of all that its environments will hold, and for their tests. Where that closes a
circle, the test gives way first (it becomes late), then what is only drawn in, and at last a direct need, which
is then met by the old package.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from controller.planning.graph import Graph
from controller.planning.surroundings import Mask, Surroundings
from controller.planning.units import Unit


@dataclass(slots=True)
class Order:
    """For each unit and each built file, as masks of built files. ``late`` are files whose test is late."""

    around: Surroundings
    units: Sequence[Unit]
    unit_of: dict[int, int] = field(default_factory=dict)
    parents: list[Mask] = field(default_factory=list)
    """Per unit: files that its build waits for, without those that others wait for already."""
    above: list[Mask] = field(default_factory=list)
    """Per unit: every file that is built before it."""
    cut: list[Mask] = field(default_factory=list)
    """Per unit: files it needs directly and can not wait for; the old ones must do."""
    late: Mask = 0

    @classmethod
    def of(cls, around: Surroundings, units: Sequence[Unit]) -> "Order":
        """Find the order of these units."""
        order = cls(around, units)
        order.unit_of = {place: number for number, unit in enumerate(units) for place in unit.places}
        order._find_parents()
        order._find_late()
        return order

    def reduced(self, needed: Mask) -> Mask:
        """``needed`` without what is built before something else in it anyway."""
        before = 0
        for place in self.around.of_mask(needed):
            before |= self.above[self.unit_of[place]]
        return needed & ~before

    def _find_parents(self) -> None:
        needs = [self.around.to_build(unit.places, unit.platform) for unit in self.units]
        direct, whole = [need[0] for need in needs], [need[0] | need[1] for need in needs]
        self.cut = [0] * len(self.units)
        self._break_circles(whole, keep=direct)
        self._break_circles(whole, keep=None)
        self.cut = [mask & ~kept for mask, kept in zip(direct, whole, strict=True)]
        self.above = [0] * len(self.units)
        for part in self._graph(whole).components():
            number = part[0]
            for place in self.around.of_mask(whole[number]):
                self.above[number] |= self.around.bits[place] | self.above[self.unit_of[place]]
        kept = [mask & needed for mask, needed in zip(direct, whole, strict=True)]
        self.parents = [self.reduced(needed) | own for needed, own in zip(whole, kept, strict=True)]

    def _graph(self, needed: Sequence[Mask]) -> Graph:
        """Unit to the units it waits for."""
        return Graph(tuple(tuple(dict.fromkeys(self.unit_of[p] for p in self.around.of_mask(mask))) for mask in needed))

    def _break_circles(self, needed: list[Mask], keep: Sequence[Mask] | None) -> None:
        """Within each circle keep only the ``keep`` edges; or, when even those close one, only those that lead back."""
        for part in self._graph(needed).cycles():
            inside = [self._files(number) for number in part]
            whole = _union(inside)
            for number in part:
                kept = keep[number] if keep is not None else self._before(part, number)
                needed[number] &= ~whole | kept

    def _before(self, part: Sequence[int], number: int) -> Mask:
        return _union([self._files(other) for other in part if other < number])

    def _files(self, number: int) -> Mask:
        return _union([self.around.bits[place] for place in self.units[number].places])

    def _find_late(self) -> None:
        """A test is late if it needs what waits for it; first those that close a circle alone, then larger ones."""
        for place in self.around.built:
            bit, platform = self.around.bits[place], self.units[self.unit_of[place]].platform
            waits = self.around.of_mask(self.around.to_test(place, platform) & ~bit)
            if any(self.above[self.unit_of[other]] & bit for other in waits):
                self.late |= bit
        while rings := [ring for part in self._with_tests().cycles() if (ring := self._tests_in(part))]:
            self.late |= _union(rings)

    def _with_tests(self) -> Graph:
        """Units first, then one node for the test of each built file; edges lead to what is waited for."""
        around, first = self.around, len(self.units)
        node = {place: first + number for number, place in enumerate(around.built)}
        edges: list[tuple[int, int]] = []
        for number, needed in enumerate(self.parents):
            for place in around.of_mask(needed):
                edges.append((number, self.unit_of[place]))
                if not self.late & around.bits[place]:
                    edges.append((number, node[place]))
        for place in around.built:
            needed = self.reduced(around.to_test(place, self.units[self.unit_of[place]].platform))
            edges += [(node[place], self.unit_of[other]) for other in around.of_mask(needed)]
        return Graph.of(first + len(around.built), edges)

    def _tests_in(self, part: Sequence[int]) -> Mask:
        first = len(self.units)
        return _union([1 << (node - first) for node in part if node >= first])


def _union(masks: Sequence[Mask]) -> Mask:
    whole = 0
    for mask in masks:
        whole |= mask
    return whole
