"""The packages of a plan as they will be, and what each needs around it: to be built, to run, to be tested."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.domain.errors import InvalidInputError
from controller.domain.plans import Decision, Member, Membership
from controller.domain.recipes import Output
from controller.planning.dependencies import HARD, RUNNING, EdgeKind, Need, needs_of
from controller.planning.graph import Graph
from controller.planning.providers import NOARCH, Providers
from controller.planning.specs import admits, admits_version, bound_of

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
    """Places that only its tests need."""
    runs: Sequence[Mask]
    """For each place: what is built of it and of all it runs with."""
    on: Mapping[str, Mask]
    """Subdir to the files that can be installed there."""

    @classmethod
    def of(cls, decision: Decision, named: Sequence[Output]) -> "Surroundings":
        """The surroundings of a decision; ``named`` has every output to be built under its final name."""
        outputs = _as_named(decision.members, named)
        built = tuple(n for n, m in enumerate(decision.members) if m.membership is Membership.REBUILD)
        bits = {place: 1 << number for number, place in enumerate(built)}
        providers = Providers.of(outputs)
        needs = [tuple(needs_of(place, providers)) for place in range(len(outputs))]
        return cls(
            members=decision.members,
            outputs=outputs,
            built=built,
            bits=bits,
            hard={place: _hard(place, needs[place], providers) for place in built},
            tested={place: _places(place, needs[place], providers, {EdgeKind.TEST}) for place in range(len(outputs))},
            runs=_closures(needs, providers, bits),
            on=_by_subdir(outputs, bits),
        )

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


def _hard(place: int, needs: Iterable[Need], providers: Providers) -> tuple[tuple[Need, tuple[int, ...]], ...]:
    found = []
    for need in needs:
        if need.kind in HARD:
            near = (p for p in providers.of_name(need.name, place) if p != place)
            fitting = tuple(p for p in near if _fits(need, providers.outputs[place], providers.outputs[p]))
            found.append((need, fitting))
    return tuple(found)


def _fits(need: Need, user: Output, provider: Output) -> bool:
    if provider.subdir not in (NOARCH, user.target_platform):
        return False
    if bound_of(need.spec).names_one_build:
        return admits(need.spec, provider.version, provider.build)
    return admits_version(need.spec, provider.version)


def _places(place: int, needs: Iterable[Need], providers: Providers, kinds: set[EdgeKind]) -> tuple[int, ...]:
    found = (p for need in needs if need.kind in kinds for p in providers.of_name(need.name, place))
    return tuple(dict.fromkeys(p for p in found if p != place))


def _closures(needs: Sequence[Sequence[Need]], providers: Providers, bits: Mapping[int, Mask]) -> list[Mask]:
    kinds = set(RUNNING)
    graph = Graph(tuple(_places(place, needs[place], providers, kinds) for place in range(len(needs))))
    masks: list[Mask] = [0] * len(needs)
    for part in graph.components():  # successors first, so what is drawn in is known already
        mask = 0
        for place in part:
            mask |= bits.get(place, 0)
            for provider in graph.successors[place]:
                mask |= masks[provider]
        for place in part:
            masks[place] = mask
    return masks


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
