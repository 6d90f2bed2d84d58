"""What each package of a plan needs around it: to be built, to run, to be tested."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from controller.domain.plans import Decision, Member, Membership
from controller.domain.recipes import Output
from controller.planning.providers import NOARCH
from controller.planning.running import Ask, Running
from controller.planning.specs import admits, admits_version, bound_of, name_of
from controller.planning.units import Unit, find_units

Mask = int
"""A set of files to be built, by bit. Files that are built first have the lower bits, but for circles, so that the
highest bit of a set is one that nothing else in the set waits for.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What meets one build or host need: as masks those of it that are built, alone and with all they run with."""

    providers: tuple[int, ...]
    direct: Mask
    whole: Mask


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Members by place, and what is to be built of them in units; outputs as they were read."""

    members: Sequence[Member]
    outputs: Sequence[Output]
    running: Running
    units: Sequence[Unit]
    first: Sequence[int]
    """Unit to its first bit."""
    unit_at: Sequence[int]
    """Bit to its unit."""
    place_at: Sequence[int]
    """Bit to its place."""
    bit: Mapping[int, int]
    """Place to its bit, for what is built."""
    runs: Sequence[Mask]
    """Place to what is built of it and of all it runs with."""
    on: Mapping[str, Mask]
    """Subdir to the files that can be installed there."""
    _asked: dict[tuple[int, int], Asked] = field(default_factory=dict)
    _tested: dict[tuple[tuple[str, ...], int], Mask] = field(default_factory=dict)
    _selfish: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, decision: Decision, running: Running) -> "Surroundings":
        """The surroundings of a decision on the outputs that ``running`` speaks of, in their order."""
        members, outputs, rank = decision.members, running.providers.outputs, running.rank
        built = [place for place, member in enumerate(members) if member.membership is Membership.REBUILD]
        units = find_units(outputs, built)
        units.sort(key=lambda unit: max(rank[place] for place in unit.places))
        place_at = [place for unit in units for place in unit.places]
        unit_at = [number for number, unit in enumerate(units) for _ in unit.places]
        first = [0] * len(units)
        for bit in range(len(place_at) - 1, -1, -1):
            first[unit_at[bit]] = bit
        bits = {place: bit for bit, place in enumerate(place_at)}
        runs = _closures(running, bits)
        return cls(members, outputs, running, units, first, unit_at, place_at, bits, runs, _by_subdir(outputs, bits))

    def own(self, unit: int) -> Mask:
        """The files of a unit."""
        return ((1 << len(self.units[unit].places)) - 1) << self.first[unit]

    def to_build(self, unit: int) -> tuple[Mask, Mask]:
        """What must be there before this is built: directly, and in all. Its own files are none of it."""
        direct = whole = 0
        for place in self.units[unit].places:
            for number in self.running.asks[place]:
                asked = self.asked(number, place)
                direct |= asked.direct
                whole |= asked.whole
        there = self.on[self.units[unit].platform] & ~self.own(unit)
        return direct & there, whole & there

    def to_test(self, place: int, subdir: str) -> Mask:
        """What must be there before ``place`` is tested on ``subdir``, its own file included."""
        mask = self.runs[place]
        requirements = self.outputs[place].test_requirements
        if requirements:
            key = (requirements, self.running.providers.kinds[place])
            found = self._tested.get(key)
            if found is None:
                found = self._tested[key] = self._for_tests(place, requirements)
            mask |= found
        return mask & self.on.get(subdir, 0)

    def asked(self, number: int, place: int) -> Asked:
        """What meets an ask of this place. Users of one kind are served alike, but for what bears their own name."""
        key = (number, self.running.providers.kinds[place])
        found = self._asked.get(key)
        if found is None:
            ask = self.running.table[number]
            found = self._meeting(ask, place)
            if ask.name != self.outputs[place].name:
                self._asked[key] = found
            elif found.providers == (place,):
                self._selfish.add(self.unit_at[self.bit[place]])
        return found

    def needing_themselves(self) -> AbstractSet[int]:
        """The units in which an output needs itself, among those that ``to_build`` was asked about."""
        return self._selfish

    def of_mask(self, mask: Mask) -> Iterator[int]:
        """The bits of a mask, highest first. For small masks."""
        while mask:
            bit = mask.bit_length() - 1
            mask ^= 1 << bit
            yield bit

    def _for_tests(self, user: int, requirements: Collection[str]) -> Mask:
        mask = 0
        for spec in requirements:
            for provider in self.running.providers.of_name(name_of(spec), user):
                mask |= self.runs[provider]
        return mask

    def _meeting(self, ask: Ask, user: int) -> Asked:
        near = self.running.providers.of_name(ask.name, user)
        providers = tuple(place for place in near if self._fits(ask, user, place))
        direct = whole = 0
        for place in providers:
            if place != user:
                whole |= self.runs[place]
                direct |= 1 << self.bit[place] if place in self.bit else 0
        return Asked(providers, direct, whole)

    def _fits(self, ask: Ask, user: int, place: int) -> bool:
        provider = self.outputs[place]
        if provider.subdir not in (NOARCH, self.outputs[user].target_platform):
            return False
        if not bound_of(ask.spec).names_one_build:
            return admits_version(ask.spec, provider.version)
        written = not ask.pinned and place in self.bit  # then the build string meant must not end in a new number
        return not (written and self.stood(place)) and admits(ask.spec, provider.version, provider.build)

    def stood(self, place: int) -> bool:
        """Whether the target has this very version already, so that a rebuild gets a number never used."""
        member = self.members[place]
        return member.artifact.split("/", 1)[-1].startswith(f"{member.output.name}-{member.output.version}-")


def union(masks: Iterable[Mask]) -> Mask:
    """All files of these sets."""
    whole = 0
    for mask in masks:
        whole |= mask
    return whole


def _closures(running: Running, bits: Mapping[int, int]) -> list[Mask]:
    masks: list[Mask] = [0] * len(running.order)
    for place, bit in bits.items():
        masks[place] = 1 << bit
    draws = running.draws
    for place in running.order:
        drawn = draws[place]
        if drawn:
            mask = masks[place]
            for other in drawn:
                mask |= masks[other]
            masks[place] = mask
    return masks


def _by_subdir(outputs: Sequence[Output], bits: Mapping[int, int]) -> dict[str, Mask]:
    noarch = 0
    found: dict[str, Mask] = {NOARCH: 0}
    for place, bit in bits.items():
        if outputs[place].subdir == NOARCH:
            noarch |= 1 << bit
        else:
            found[outputs[place].subdir] = found.get(outputs[place].subdir, 0) | 1 << bit
    platforms = {output.target_platform for output in outputs} | found.keys()
    return {subdir: found.get(subdir, 0) | noarch for subdir in platforms}
