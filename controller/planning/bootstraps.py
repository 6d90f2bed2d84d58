"""Circles: packages that are built with each other. Where they are cut, and how often each is built.

In any order one of them comes first, and is built with something of another that is not the one to be published. So
the whole circle is built in stages: the first with old packages where it is cut, each further one with the stage
before at the same places. The last stage is published: nothing in it was made with an old package of what moved, nor
with anything that was.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.domain.artifacts import Artifact
from controller.domain.plans import Circle, Cut, Deadlock
from controller.planning.cuts import Edge, Found, fewest_cuts
from controller.planning.graph import Graph
from controller.planning.olds import New, Olds
from controller.planning.running import Ask
from controller.planning.surroundings import Mask, Surroundings, union


@dataclass(frozen=True, slots=True)
class Tie:
    """Units, by their numbers, in building order: one that is in no circle, or all of one circle."""

    units: tuple[int, ...]
    stages: int = 1
    cuts: frozenset[Edge] = frozenset()
    """(user, provider): in the first stage an old one meets it."""
    circle: Circle | None = None
    deadlock: Deadlock | None = None


@dataclass(frozen=True, slots=True)
class _Want:
    """One need of one output that leads into the circle, and what could meet it without the circle."""

    place: int
    ask: Ask
    met: bool
    free: bool = False
    """Something else that is there anyway meets it, so that nothing old is needed."""
    old: Artifact | None = None
    """The package of the target that meets it; one of another channel is not known."""
    along: frozenset[int] = frozenset()
    """Units of the circle that must be old too where this is, since it excludes the new ones."""
    excluded: str = ""
    """The bound of what is there that stands against it, where that is not the need itself."""


Wants = Mapping[Edge, Sequence[_Want]]


def untie(around: Surroundings, olds: Olds, part: Sequence[int], whole: Sequence[Mask]) -> list[Tie]:
    """How to build these units, which wait for each other, in building order.

    ``whole`` has all that each would wait for. What is only drawn in by something else is waited for where that
    closes no circle.
    """
    edges = [(user, provider) for user, provider, _, _ in _Wants(around, olds, frozenset(part)).needs()]
    numbers = {unit: node for node, unit in enumerate(part)}
    graph = Graph.of(len(part), ((numbers[user], numbers[provider]) for user, provider in edges))
    rings = [tuple(sorted(part[node] for node in nodes)) for nodes in graph.components()]
    found = []
    for ring in _in_order(around, rings, edges, whole):
        wants = _Wants(around, olds, frozenset(ring)).all()
        found.append(_tied(around, olds, ring, wants, whole) if wants else Tie(ring))
    return found


def _tied(around: Surroundings, olds: Olds, ring: tuple[int, ...], wants: Wants, whole: Sequence[Mask]) -> Tie:
    cuttable = _cuttable(wants)
    found = fewest_cuts(wants, cuttable)
    if found is None:
        fixed = {edge: frozenset({edge}) for edge in wants if edge not in cuttable}
        return Tie(ring, deadlock=_deadlock(around, olds, ring, wants, fewest_cuts(fixed, fixed)))
    kept = wants.keys() - found.cuts
    units = tuple(unit for alone in _in_order(around, [(unit,) for unit in ring], kept, whole) for unit in alone)
    stages = _stages(units, found.cuts)
    cuts = (_cut(around, want) for edge in sorted(found.cuts) for want in wants[edge] if not want.free)
    names, subdir = _names(around, units), around.units[units[0]].subdir
    return Tie(units, stages, found.cuts, Circle(names, subdir, stages, tuple(dict.fromkeys(cuts)), found.exact))


def _stages(units: Sequence[int], cuts: Collection[Edge]) -> int:
    """Two; three where what the second is built with, at a cut, was itself built with something old."""
    at = {unit: place for place, unit in enumerate(units)}
    first = {user for user, _ in cuts}
    return 3 if any(at[provider] >= at[user] and provider in first for user, provider in cuts) else 2


def _in_order(
    around: Surroundings, rings: Sequence[tuple[int, ...]], edges: Iterable[Edge], whole: Sequence[Mask]
) -> list[tuple[int, ...]]:
    """Rings by what they need of each other, and of those that could be next the one that draws in least to come."""
    ring_of = {unit: number for number, ring in enumerate(rings) for unit in ring}
    needs: list[set[int]] = [set() for _ in rings]
    for user, provider in edges:
        needs[ring_of[user]].add(ring_of[provider])
    own = [union(around.own(unit) for unit in ring) for ring in rings]
    drawn = [union(whole[unit] for unit in ring) for ring in rings]
    left, found = list(range(len(rings))), []
    while left:
        waiting = union(own[number] for number in left)
        ready = [number for number in left if needs[number].isdisjoint({*left} - {number})]
        best = min(ready, key=lambda number: ((drawn[number] & waiting & ~own[number]).bit_count(), rings[number]))
        left.remove(best)
        found.append(rings[best])
    return found


@dataclass(frozen=True, slots=True)
class _Wants:
    around: Surroundings
    olds: Olds
    inside: frozenset[int]

    def needs(self) -> Iterator[tuple[int, int, int, int]]:
        """User and provider, which place needs it, and the number of its need."""
        around = self.around
        for unit in sorted(self.inside):
            for place in around.units[unit].places:
                for number in around.running.asks[place]:
                    for target in sorted(self._targets(unit, place, number)):
                        yield unit, target, place, number

    def all(self) -> dict[Edge, list[_Want]]:
        """User and provider to the needs between them."""
        found: dict[Edge, list[_Want]] = {}
        for user, provider, place, number in self.needs():
            found.setdefault((user, provider), []).append(self._want(user, place, number))
        return found

    def _targets(self, unit: int, place: int, number: int) -> set[int]:
        """The units of the circle that meet a need; the user's own only where the output needs itself."""
        around = self.around
        providers = around.asked(number, place).providers
        there = [p for p in providers if p in around.bit and (p != place or len(providers) == 1)]
        units = {around.unit_at[around.bit[p]] for p in there if p == place or around.unit_at[around.bit[p]] != unit}
        return units & self.inside

    def _want(self, unit: int, place: int, number: int) -> _Want:
        around = self.around
        ask, platform = around.running.table[number], around.outputs[place].target_platform
        if not self._units(around.asked(number, place).providers) <= self._targets(unit, place, number):
            return _Want(place, ask, met=True, free=True)
        if self.olds.is_elsewhere(ask.name, platform):
            return _Want(place, ask, met=True)
        beside, excluded = self._beside(place, ask), ""
        news = {name: [self._as_new(p) for p in places] for name, places in beside.items()}
        for old in self.olds.meeting(ask.spec, platform):
            bounds = self.olds.excluded(old, news)
            along = frozenset(unit for name in bounds for unit in self._units(beside[name]))
            if along <= self.inside:
                return _Want(place, ask, met=True, old=old, along=along)
            excluded = excluded or next(iter(bounds.values()))
        return _Want(place, ask, met=False, excluded=excluded)

    def _units(self, places: Iterable[int]) -> set[int]:
        """The units of these places; what is not built is of none, and counts as -1."""
        around = self.around
        return {around.unit_at[around.bit[p]] if p in around.bit else -1 for p in places}

    def _beside(self, place: int, ask: Ask) -> dict[str, tuple[int, ...]]:
        """What else stands in that section and is built, whichever of its kind is taken."""
        around, found = self.around, dict[str, tuple[int, ...]]()
        for number in around.running.asks[place]:
            other = around.running.table[number]
            places = around.asked(number, place).providers
            if other.section == ask.section and other.name != ask.name and places and -1 not in self._units(places):
                found[other.name] = places
        return found

    def _as_new(self, place: int) -> New:
        output = self.around.outputs[place]
        return New(output.version, output.build, self.around.stood(place))


def _cuttable(wants: Wants) -> dict[Edge, frozenset[Edge]]:
    """What can be cut, with all that must be cut along with it."""
    along = {
        edge: {edge, *((edge[0], unit) for want in wants[edge] for unit in want.along)}
        for edge in wants
        if all(want.met for want in wants[edge])
    }
    while True:
        bad = [edge for edge, others in along.items() if not others <= along.keys()]
        more = {edge: {e for other in along[edge] for e in along.get(other, ())} for edge in along}
        if not bad and more == along:
            return {edge: frozenset(others) for edge, others in along.items()}
        along = {edge: others for edge, others in more.items() if edge not in bad}


def _cut(around: Surroundings, want: _Want, there: Artifact | None = None) -> Cut:
    old = want.old or there
    file = f"{old.subdir}/{old.file_name}" if old else ""
    user = around.outputs[want.place].name
    return Cut(user, want.ask.name, want.ask.spec, want.ask.section, file, want.excluded)


def _deadlock(around: Surroundings, olds: Olds, ring: Sequence[int], wants: Wants, relaxed: Found | None) -> Deadlock:
    cuts: dict[Cut, None] = {}
    for edge in sorted(relaxed.cuts if relaxed else ()):
        for want in wants[edge]:
            if not want.met or want.along:
                there = olds.named(want.ask.name, around.outputs[want.place].target_platform)
                cuts[_cut(around, want, there[0] if there else None)] = None
    return Deadlock(_names(around, ring), around.units[ring[0]].subdir, tuple(cuts))


def _names(around: Surroundings, units: Iterable[int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(around.outputs[p].name for unit in units for p in around.units[unit].places))
