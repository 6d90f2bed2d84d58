"""Who waits for whom: parents of every build, test and retest, free of circles.

A build waits for the builds of all that its environments will hold, and for their tests. Where that closes a
circle, the test gives way first (it becomes late), then what is only drawn in, and at last a direct need, which
is then met by an older package, and the circle is built in stages (``bootstraps``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from controller.planning.bootstraps import Tie, untie
from controller.planning.graph import Graph
from controller.planning.olds import Olds
from controller.planning.surroundings import Mask, Surroundings, union

Stage = tuple[int, int]
"""A unit that is built in stages, and which of them; from 1."""
Span = tuple[int, int]
"""First and last unit of a stretch in which some wait for others further up."""


@dataclass(slots=True)
class Order:
    """By unit, and by bit for files and their tests; masks are of files."""

    around: Surroundings
    direct: list[Mask] = field(default_factory=list)
    """Files that it names in build or host, and that it can wait for."""
    whole: list[Mask] = field(default_factory=list)
    """Files that it waits for, in all."""
    sequence: list[int] = field(default_factory=list)
    """Units in building order, those that are built at all."""
    above: list[Mask] = field(default_factory=list)
    """Every file that is built before it."""
    around_circle: list[Mask] = field(default_factory=list)
    """What more is built before it, since a circle among those before it, or its own, is built in stages."""
    parents: list[list[int]] = field(default_factory=list)
    """Files that its build waits for, as bits, without those that others wait for already."""
    tested: list[list[int]] = field(default_factory=list)
    """By bit: files that its test waits for, in the same manner."""
    ties: dict[int, Tie] = field(default_factory=dict)
    """The circle of each unit that is in one."""
    dead: Mask = 0
    """Files that cannot be built."""
    held: dict[int, list[int]] = field(default_factory=dict)
    """First unit of each deadlock to the units that are not built because of it."""
    late: set[int] = field(default_factory=set)
    """Files, as bits, whose test is late."""
    rising: bool = False
    """Whether some tests wait for files with higher bits."""
    crooked: Mask = 0
    """Files among which some wait for some with higher bits; nobody outside waits for a higher one."""

    @classmethod
    def of(cls, around: Surroundings, olds: Olds) -> "Order":
        """Find the order of these surroundings."""
        order = cls(around)
        for unit in range(len(around.units)):
            direct, whole = around.to_build(unit)
            order.direct.append(direct)
            order.whole.append(whole)
        order._straighten(olds)
        order._find_parents()
        order._find_around_circles()
        order._find_tests()
        return order

    def reduced(self, needed: Mask) -> list[int]:
        """The files of ``needed``, as bits, without those that are built before something else in it anyway."""
        unit_at, above, found = self.around.unit_at, self.above, []
        while needed:
            bit = needed.bit_length() - 1
            found.append(bit)
            needed &= ~(above[unit_at[bit]] | 1 << bit)
        if self.crooked and len(found) > 1:
            own = [bit for bit in found if self.crooked >> bit & 1]
            below = {b for b in own if any(above[unit_at[other]] >> b & 1 for other in own)} if len(own) > 1 else None
            return [bit for bit in found if bit not in below] if below else found
        return found

    def stages_before(self, user: int, stage: int) -> Iterator[Stage]:
        """What of its circle a unit waits for in this stage, where that is not of the last one. ``user`` is in one."""
        tie = self.ties[user]
        comes = {unit: place for place, unit in enumerate(tie.units)}
        for unit in tie.units:
            number = self.stage_of(user, unit, stage) if self._waits(user, unit) else 0
            if 0 < number < tie.stages and (number < stage or comes[unit] < comes[user]):
                yield unit, number

    def stage_of(self, user: int, provider: int, stage: int) -> int:
        """Which stage of a unit of its circle another takes in a stage; 0 where an old package stands in."""
        tie = self.ties[user]
        back = tie.units.index(provider) >= tie.units.index(user)
        cut = (user, provider) in tie.cuts
        return stage - 1 if back or (cut and stage == 1) else stage

    def outside(self, user: int) -> list[int]:
        """Files that do not belong to its circle and that each stage of a unit waits for, as bits."""
        inside = union(self.around.own(unit) for unit in self.ties[user].units)
        nearest = self.reduced(self.whole[user] & ~inside)
        return [*nearest, *self.around.of_mask(self.direct[user] & ~inside & ~_of(nearest))]

    def _waits(self, user: int, provider: int) -> bool:
        return (user, provider) in self.ties[user].cuts or bool(self.whole[user] & self.around.own(provider))

    def _straighten(self, olds: Olds) -> None:
        """Units in an order that none speaks against; whatever waits for itself is untied."""
        around, size = self.around, len(self.around.units)
        risers = [(unit, self._highest(unit)) for unit in range(size)]
        spans = _spans([*((u, top) for u, top in risers if top > u), *((u, u) for u in around.needing_themselves())])
        at = 0
        for first, last in spans:
            self.sequence += range(at, first)
            for part in self._graph(first, last).components():
                self._take([first + node for node in part], olds)
            at = last + 1
        self.sequence += range(at, size)
        self.crooked = union(self.around.own(unit) for unit in _out_of_order(self.sequence))
        self._leave_out_dead()

    def _highest(self, unit: int) -> int:
        whole = self.whole[unit]
        return self.around.unit_at[whole.bit_length() - 1] if whole else -1

    def _graph(self, first: int, last: int) -> Graph:
        """Who waits for whom among these units, counted from the first; those that need themselves do."""
        around = self.around
        low, high = around.first[first], around.first[last] + len(around.units[last].places)
        here = (1 << high) - (1 << low)
        edges = [(unit - first, unit - first) for unit in around.needing_themselves() if first <= unit <= last]
        for unit in range(first, last + 1):
            edges += ((unit - first, around.unit_at[bit] - first) for bit in around.of_mask(self.whole[unit] & here))
        return Graph.of(last - first + 1, edges)

    def _take(self, part: Sequence[int], olds: Olds) -> None:
        if len(part) == 1 and part[0] not in self.around.needing_themselves():
            self.sequence.append(part[0])
            return
        around = self.around
        inside, before = union(around.own(unit) for unit in part), 0
        for tie in untie(around, olds, part, self.whole):
            for unit in tie.units:
                kept = ~inside | before
                self.whole[unit] &= kept
                self.direct[unit] &= kept
                before |= around.own(unit)
                if tie.stages > 1 or tie.deadlock:
                    self.ties[unit] = tie
            self.sequence += tie.units

    def _leave_out_dead(self) -> None:
        """What cannot be built, and all that would need it."""
        because: dict[int, int] = {}
        for unit in self.sequence:
            tie = self.ties.get(unit)
            if tie and tie.deadlock:
                because[unit] = tie.units[0]
                self.held.setdefault(tie.units[0], [])
            elif self.dead and self.whole[unit] & self.dead:
                other = next(self.around.of_mask(self.whole[unit] & self.dead))
                because[unit] = because[self.around.unit_at[other]]
                self.held[because[unit]].append(unit)
            if unit in because:
                self.dead |= self.around.own(unit)
        if because:
            self.sequence = [unit for unit in self.sequence if unit not in because]

    def _find_parents(self) -> None:
        around = self.around
        self.above, self.parents = [0] * len(around.units), [[] for _ in around.units]
        for unit in self.sequence:
            nearest, above = self.reduced(self.whole[unit]), self.whole[unit]
            for bit in nearest:
                above |= self.above[around.unit_at[bit]]
            self.above[unit] = above
            named = self.direct[unit] & ~_of(nearest)
            self.parents[unit] = [*nearest, *around.of_mask(named)] if named else nearest

    def _find_around_circles(self) -> None:
        self.around_circle = [0] * len(self.around.units)
        whole: dict[int, Mask] = {}
        for unit in self.sequence if self.ties else ():
            more = union(self.around_circle[self.around.unit_at[bit]] for bit in self.parents[unit])
            tie = self.ties.get(unit)
            if tie and tie.units[0] not in whole:
                whole[tie.units[0]] = union(self._before(bit) for other in tie.units for bit in self.outside(other))
            self.around_circle[unit] = more | (whole[tie.units[0]] if tie else 0)

    def _before(self, bit: int) -> Mask:
        """A file, and all that is built before it."""
        unit = self.around.unit_at[bit]
        return 1 << bit | self.above[unit] | self.around_circle[unit]

    def _find_tests(self) -> None:
        """What each test waits for. One is late if it needs what waits for it: alone, or with others in a ring."""
        around = self.around
        self.tested = [[] for _ in around.place_at]
        risers: dict[int, Mask] = {}
        for unit in self.sequence:
            platform, end = around.units[unit].platform, around.first[unit] + len(around.units[unit].places)
            for bit in range(around.first[unit], end):
                needed = (around.to_test(around.place_at[bit], platform) | 1 << bit) & ~self.dead
                later = needed >> end << end if needed.bit_length() > end else 0
                if self.crooked >> bit & 1:
                    later |= needed & self.crooked & ~around.own(unit)
                if later:  # these may be built after it
                    risers[bit] = later
                self.tested[bit] = self._nearest(needed, bit)
        for bit, later in risers.items():
            if any(self._before(other) >> bit & 1 for other in around.of_mask(later)):
                self.late.add(bit)
        self.rising = bool(risers)
        if risers.keys() - self.late:
            self._find_rings(risers)

    def _nearest(self, needed: Mask, bit: int) -> list[int]:
        """What a test waits for; its own file always."""
        found = self.reduced(needed)
        return found if bit in found else [*found, bit]

    def _find_rings(self, risers: Mapping[int, Mask]) -> None:
        """Tests that need what waits for each other: all of a ring are late."""
        first, last = self._stretch(risers)
        size, start = last - first + 1, self.around.first[first]
        while found := {node for part in self._with_tests(first, last).cycles() for node in part if node >= size}:
            self.late |= {node - size + start for node in found}

    def _stretch(self, risers: Mapping[int, Mask]) -> Span:
        """First and last unit of all that a ring may go through: it rises by these tests alone, or out of order."""
        low, high = min(risers), max(later.bit_length() - 1 for later in risers.values())
        if self.crooked >> low and self.crooked & (2 << high) - 1:
            low = min(low, (self.crooked & -self.crooked).bit_length() - 1)
            high = max(high, self.crooked.bit_length() - 1)
        return self.around.unit_at[low], self.around.unit_at[high]

    def _with_tests(self, first: int, last: int) -> Graph:
        """These units first, then one node for the test of each of their files; edges lead to what is waited for."""
        around, size, start = self.around, last - first + 1, self.around.first[first]
        end = around.first[last] + len(around.units[last].places)
        edges: list[tuple[int, int]] = []
        for unit in (unit for unit in self.sequence if first <= unit <= last):
            tie = self.ties.get(unit)
            round_it = [bit for other in tie.units for bit in self.outside(other)] if tie else []
            for bit in (bit for bit in (*self.parents[unit], *round_it) if start <= bit < end):
                edges.append((unit - first, around.unit_at[bit] - first))
                if bit not in self.late:
                    edges.append((unit - first, size + bit - start))
            for bit in range(around.first[unit], around.first[unit] + len(around.units[unit].places)):
                waited = (around.unit_at[other] for other in self.tested[bit] if start <= other < end)
                edges += ((size + bit - start, other - first) for other in waited)
        return Graph.of(size + end - start, edges)


def _spans(risers: Iterable[Span]) -> list[Span]:
    """The stretches that these reach over, those that overlap made one."""
    found: list[Span] = []
    for first, last in sorted(risers):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _out_of_order(sequence: Sequence[int]) -> Iterator[int]:
    """Of a permutation those numbers that do not stand between all lower and all higher ones."""
    start = highest = 0
    for place, number in enumerate(sequence):
        highest = max(highest, number)
        if highest == place:
            if place > start:
                yield from sequence[start : place + 1]
            start = place + 1


def _of(bits: Iterable[int]) -> Mask:
    return union(1 << bit for bit in bits)
