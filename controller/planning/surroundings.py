"""The packages of a plan as they will be, and what each needs around it: to be built, to run, to be tested."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from controller.domain.errors import InvalidInputError
from controller.domain.plans import Decision, Member, Membership
from controller.domain.recipes import Output
from controller.planning.dependencies import HARD, RUNNING, EdgeKind, Need, needs_of
from controller.planning.graph import Graph
from controller.planning.providers import NOARCH, Providers
from controller.planning.specs import admits, admits_version, bound_of

_TESTING = frozenset({EdgeKind.TEST})

Mask = int
"""A set of files to be built: bit n is the n-th of ``Surroundings.built``. Unions of thousands cost next to nothing."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Members by place, with their outputs as they will be named."""

    members: Sequence[Member]
    outputs: Sequence[Output]
    built: tuple[int, ...]
    """Places of the outputs to be built, in the reading's order."""
    bits: Mapping[int, Mask]
    """Place to its bit, for those."""
    hard: Mapping[int, tuple[tuple[Need, tuple[int, ...]], ...]]
    """For each to be built: its build and host needs with who provides them."""
    tested: Mapping[int, tuple[int, ...]]
    """For each that is tested: places that only its tests need."""
    runs: Mapping[int, Mask]
    """For each of these and all they need: what is built of it and of all it runs with."""
    on: Mapping[str, Mask]
    """Subdir to the files that can be installed there."""

    @classmethod
    def of(cls, decision: Decision, named: Sequence[Output]) -> "Surroundings":
        """The surroundings of a decision; ``named`` has every output to be built under its final name."""
        outputs = _as_named(decision.members, named)
        built = tuple(n for n, m in enumerate(decision.members) if m.membership is Membership.REBUILD)
        bits = {place: 1 << number for number, place in enumerate(built)}
        retested = [n for n, m in enumerate(decision.members) if m.membership is Membership.RETEST]
        needs = _Needs(Providers.of(outputs))
        hard = {place: _hard(place, needs) for place in built}
        tested = {place: needs.of_kind(place, _TESTING) for place in (*built, *retested)}
        roots = {*built, *retested, *(p for found in tested.values() for p in found)}
        roots |= {provider for found in hard.values() for _, providers in found for provider in providers}
        runs = _closures(roots, needs, bits)
        return cls(decision.members, outputs, built, bits, hard, tested, runs, _by_subdir(outputs, bits))

    def of_mask(self, mask: Mask) -> list[int]:
        """The places in a mask."""
        found = []
        while mask:
            low = mask & -mask
            found.append(self.built[low.bit_length() - 1])
            mask ^= low
        return found

    def to_build(self, places: Iterable[int], subdir: str) -> tuple[Mask, Mask]:
        """What must be there before these are built on ``subdir``: directly, and in all."""
        direct = whole = own = 0
        for place in places:
            own |= self.bits[place]
            for _, providers in self.hard[place]:
                for provider in providers:
                    direct |= self.bits.get(provider, 0)
                    whole |= self.runs[provider]
        there = self.on.get(subdir, 0) & ~own
        return direct & there, whole & there

    def to_test(self, place: int, subdir: str) -> Mask:
        """What must be there before ``place`` is tested on ``subdir``, its own file included."""
        mask = self.runs[place]
        for provider in self.tested[place]:
            mask |= self.runs[provider]
        return mask & self.on.get(subdir, 0)


def _as_named(members: Sequence[Member], named: Sequence[Output]) -> list[Output]:
    names = {(output.key, output.version, output.recipe): output for output in named}
    outputs = []
    for member in members:
        output = member.output
        if member.membership is Membership.REBUILD:
            key = (output.key, output.version, output.recipe)
            if key not in names:
                raise InvalidInputError(f"{output.name} is to be rebuilt and has no name.", remedy="Name it first.")
            output = names[key]
        outputs.append(output)
    return outputs


@dataclass(frozen=True, slots=True)
class _Needs:
    """The needs of outputs, found when asked for."""

    providers: Providers
    found: dict[int, tuple[Need, ...]] = field(default_factory=dict)

    def of(self, place: int) -> tuple[Need, ...]:
        if place not in self.found:
            self.found[place] = tuple(needs_of(place, self.providers))
        return self.found[place]

    def of_kind(self, place: int, kinds: AbstractSet[EdgeKind]) -> tuple[int, ...]:
        """Who provides what it needs in these ways."""
        found = (p for need in self.of(place) if need.kind in kinds for p in self.providers.of_name(need.name, place))
        return tuple(dict.fromkeys(p for p in found if p != place))


def _hard(place: int, needs: _Needs) -> tuple[tuple[Need, tuple[int, ...]], ...]:
    found = []
    outputs = needs.providers.outputs
    for need in needs.of(place):
        if need.kind in HARD:
            near = (p for p in needs.providers.of_name(need.name, place) if p != place)
            found.append((need, tuple(p for p in near if _fits(need, outputs[place], outputs[p]))))
    return tuple(found)


def _fits(need: Need, user: Output, provider: Output) -> bool:
    if provider.subdir not in (NOARCH, user.target_platform):
        return False
    if bound_of(need.spec).names_one_build:
        return admits(need.spec, provider.version, provider.build)
    return admits_version(need.spec, provider.version)


def _closures(roots: Iterable[int], needs: _Needs, bits: Mapping[int, Mask]) -> dict[int, Mask]:
    """For everything that can be reached from the roots by running: what is built of it and of all it runs with."""
    runs: dict[int, tuple[int, ...]] = {}
    waiting = list(roots)
    while waiting:
        place = waiting.pop()
        if place not in runs:
            runs[place] = needs.of_kind(place, RUNNING)
            waiting += runs[place]
    nodes = list(runs)
    number = {place: node for node, place in enumerate(nodes)}
    graph = Graph(tuple(tuple(number[provider] for provider in runs[place]) for place in nodes))
    masks: list[Mask] = [0] * len(nodes)
    for part in graph.components():  # successors first, so what is drawn in is known already
        mask = 0
        for node in part:
            mask |= bits.get(nodes[node], 0)
            for provider in graph.successors[node]:
                mask |= masks[provider]
        for node in part:
            masks[node] = mask
    return dict(zip(nodes, masks, strict=True))


def _by_subdir(outputs: Sequence[Output], bits: Mapping[int, Mask]) -> dict[str, Mask]:
    noarch = 0
    found: dict[str, Mask] = {NOARCH: 0}
    for place, bit in bits.items():
        if outputs[place].subdir == NOARCH:
            noarch |= bit
        else:
            found[outputs[place].subdir] = found.get(outputs[place].subdir, 0) | bit
    platforms = {output.target_platform for output in outputs} | found.keys()
    return {subdir: found.get(subdir, 0) | noarch for subdir in platforms}
