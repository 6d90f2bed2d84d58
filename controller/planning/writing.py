"""Writing down jobs: their keys, parents and waves, and what must be in their environments."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from controller.domain.errors import InvalidInputError
from controller.domain.jobs import JobKind
from controller.domain.plans import Member, PlannedJob, Reason
from controller.domain.recipes import Output
from controller.planning.bootstraps import Tie
from controller.planning.order import Order
from controller.planning.providers import NOARCH
from controller.planning.surroundings import Mask, Surroundings
from controller.planning.waves import Waves, stages_of

_NUMBER = re.compile(r"\d+$")
_NOTHING: Mapping[str, frozenset[str]] = MappingProxyType({})


class Names:
    """Outputs under the names that they will bear: by what they are, in the order of their build numbers."""

    def __init__(self, named: Iterable[Output]) -> None:
        self._found: dict[tuple[tuple[str, str, str], str, str], list[Output]] = {}
        for output in named:
            self._found.setdefault(_what(output), []).append(output)

    def final(self, output: Output) -> Output:
        """The one to be published. Raises InvalidInputError."""
        found = self._found.get(_what(output))
        if not found:
            raise InvalidInputError(f"{output.name} is to be rebuilt and has no name.", remedy="Name it first.")
        return found[0] if len(found) == 1 else max(found, key=lambda named: named.build_number)

    def staged(self, output: Output, stage: int, stages: int) -> Output:
        """The one of a stage. Raises InvalidInputError."""
        found = {named.build_number: named for named in self._found.get(_what(output), ())}
        if len(found) < stages:
            raise InvalidInputError(
                f"{output.name} is built in {stages} stages, each under a name of its own, and has {len(found)}.",
                remedy="Number the stages as the plan's arrangement says, and name each.",
            )
        return found[sorted(found)[stage - 1]]


def _what(output: Output) -> tuple[tuple[str, str, str], str, str]:
    return (output.subdir, output.name, output.hash), output.version, output.recipe


class Writer:
    """Writes the jobs of an order under the names that were given."""

    def __init__(self, around: Surroundings, order: Order, names: Names, pools: Mapping[str, str]) -> None:
        self.around, self.order, self.names, self.pools = around, order, names, pools
        self.waves = Waves(order)
        self.named = self._named()
        self.build_keys = {
            unit: f"build:{around.units[unit].platform}/{self.named[around.first[unit]].file_name}"
            for unit in order.sequence
        }
        self.test_keys = {bit: f"test:{output.subdir}/{output.file_name}" for bit, output in self.named.items()}
        self.staged = {
            stage: self._staged(*stage) for tie in _distinct(order.ties.values()) for stage in stages_of(tie)
        }
        self._causes: dict[tuple[str, str, int], Mask] = {}
        self._waited: dict[Mask, tuple[frozenset[str], int]] = {}

    def builds(self) -> Iterator[PlannedJob]:
        """The builds, stages before the last among them."""
        ties = self.order.ties
        for unit in self.order.sequence:
            tie = ties.get(unit)
            for stage in stages_of(tie) if tie and unit == tie.units[0] else ():
                yield self._stage(*stage)
            yield self._build(unit)

    def tests(self) -> Iterator[PlannedJob]:
        """The tests of all that may be published."""
        around, order, pools = self.around, self.order, self.pools
        unit_at, keys, late = around.unit_at, self.build_keys, order.late
        for bit, output in self.named.items():
            parents = frozenset([keys[unit_at[other]] for other in order.tested[bit]])
            subdir = output.subdir
            yield PlannedJob(
                self.test_keys[bit], JobKind.TEST, output.recipe, output.name, subdir, pools.get(subdir, subdir),
                self.waves.test[bit], (output,), around.members[around.place_at[bit]].reasons, parents, _NOTHING,
                f"{subdir}/{output.file_name}", bit in late,
            )  # fmt: skip

    def retests(self, places: Iterable[int]) -> Iterator[PlannedJob]:
        """The retest of files that stay as they are; of a noarch file on a platform where something moved."""
        dead, pools, members = self.order.dead, self.pools, self.around.members
        for place in places:
            member = members[place]
            on, mask = self._touched(place, member)
            if dead and mask:
                mask &= ~dead
                if not mask:  # all that it would be tested with cannot be built
                    continue
            parents, wave = self._waited.get(mask) or self._wait(mask)
            output = as_file(member.output, member.artifact)
            yield PlannedJob(
                f"retest:{member.artifact}", JobKind.RETEST, output.recipe, output.name, output.subdir,
                pools.get(on, on), wave, (output,), member.reasons, parents, _NOTHING, member.artifact,
            )  # fmt: skip

    def _named(self) -> dict[int, Output]:
        around, final = self.around, self.names.final
        return {
            around.bit[place]: final(around.outputs[place])
            for unit in self.order.sequence
            for place in around.units[unit].places
        }

    def _staged(self, unit: int, stage: int) -> tuple[Output, ...]:
        around, stages = self.around, self.order.ties[unit].stages
        return tuple(self.names.staged(around.outputs[p], stage, stages) for p in around.units[unit].places)

    def _stage(self, unit: int, stage: int) -> PlannedJob:
        parents = {key for bit in self.order.outside(unit) for key in self._keys_of(bit)}
        return self._built(unit, stage, self.staged[unit, stage], parents, self.waves.stage[unit, stage])

    def _build(self, unit: int) -> PlannedJob:
        around, tie = self.around, self.order.ties.get(unit)
        first = around.first[unit]
        outputs = tuple([self.named[bit] for bit in range(first, first + len(around.units[unit].places))])
        parents = {key for bit in self.order.parents[unit] for key in self._keys_of(bit)}
        return self._built(unit, tie.stages if tie else 0, outputs, parents, self.waves.build[unit])

    def _keys_of(self, bit: int) -> tuple[str, ...]:
        key = self.build_keys[self.around.unit_at[bit]]
        return (key,) if bit in self.order.late else (key, self.test_keys[bit])

    def _built(self, number: int, stage: int, outputs: tuple[Output, ...], parents: set[str], wave: int) -> PlannedJob:
        """``stage`` is 0 for what is built once."""
        unit, members, tie = self.around.units[number], self.around.members, self.order.ties.get(number)
        if stage:
            parents |= {self._stage_key(*before) for before in self.order.stages_before(number, stage)}
        places = unit.places
        reasons = members[places[0]].reasons if len(places) == 1 else _reasons(members[place] for place in places)
        key = f"build:{unit.platform}/{outputs[0].file_name}"
        return PlannedJob(
            key, JobKind.BUILD, unit.recipe, outputs[0].name, unit.subdir, self.pools.get(unit.subdir, unit.subdir),
            wave, outputs, reasons, frozenset(parents), self._must_contain(number, stage),
            stage=stage if tie and stage < tie.stages else 0,
        )  # fmt: skip

    def _stage_key(self, unit: int, stage: int) -> str:
        return f"build:{self.around.units[unit].platform}/{self.staged[unit, stage][0].file_name}"

    def _must_contain(self, unit: int, stage: int) -> Mapping[str, frozenset[str]]:
        """Files of this plan that the recipe names, where nothing else could stand for them."""
        around, found = self.around, dict[str, set[str]]()
        table = around.running.table
        for place in around.units[unit].places:
            for number in around.running.asks[place]:
                providers = around.asked(number, place).providers
                if len(providers) == 1 and providers[0] in around.bit and table[number].written:
                    file = self._file_for(unit, place, providers[0], stage)
                    if file:
                        found.setdefault(table[number].section, set()).add(file)
        return {section: frozenset(files) for section, files in sorted(found.items())} if found else _NOTHING

    def _file_for(self, unit: int, place: int, provider: int, stage: int) -> str:
        """The file of a provider that a build must have; empty where it is another than those of this plan."""
        bit = self.around.bit[provider]
        other = self.around.unit_at[bit]
        tie = self.order.ties.get(unit)
        if tie and stage and other in tie.units and (other != unit or provider == place):
            number = self.order.stage_of(unit, other, stage)
            if 0 < number < tie.stages:
                return self.staged[other, number][bit - self.around.first[other]].file_name
            return self.named[bit].file_name if number else ""
        waited = other != unit and bit in self.named and self.order.direct[unit] >> bit & 1
        return self.named[bit].file_name if waited else ""

    def _touched(self, place: int, member: Member) -> tuple[str, Mask]:
        """Where a file is to be tested again, and what must be built before."""
        around, output = self.around, member.output
        cause = self._cause(place, member.reasons[0])
        if output.subdir != NOARCH:
            here = around.on.get(output.subdir, 0)
            if not output.test_requirements:  # as most have it
                return output.subdir, (around.runs[place] | cause) & here
            return output.subdir, around.to_test(place, output.subdir) | cause & here
        mask = around.to_test(place, output.target_platform) | cause & around.on.get(output.target_platform, 0)
        if not mask:
            for platform in sorted(around.on):
                elsewhere = around.to_test(place, platform) | cause & around.on[platform]
                if elsewhere:
                    return platform, elsewhere
        return NOARCH, mask

    def _cause(self, place: int, reason: Reason) -> Mask:
        """What it is tested again for: its record may ask for what its recipe, as it is now, would not."""
        around = self.around
        through = reason.path[-2] if len(reason.path) > 1 else reason.about
        key = (reason.about, through, around.running.providers.kinds[place])
        found = self._causes.get(key)
        if found is None:
            found, of_name = 0, around.running.providers.of_name
            for name in {reason.about, through}:
                for provider in of_name(name, place):
                    found |= around.runs[provider]
            self._causes[key] = found
        return found

    def _wait(self, mask: Mask) -> tuple[frozenset[str], int]:
        """Builds to wait for, and their wave; many retests wait for the same."""
        bits, unit_at = self.order.reduced(mask), self.around.unit_at
        found = frozenset([self.build_keys[unit_at[bit]] for bit in bits]), self.waves.of_bits(bits)
        self._waited[mask] = found
        return found


def _distinct(ties: Iterable[Tie]) -> list[Tie]:
    return list({tie.units: tie for tie in ties}.values())


def _reasons(members: Iterable[Member]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reason for member in members for reason in member.reasons))


def as_file(output: Output, artifact: str) -> Output:
    """The output under the name of a file of the target, ``subdir/file name``."""
    subdir, _, file = artifact.partition("/")
    if (subdir, file) == (output.subdir, output.file_name):  # as most have it
        return output
    stem = file.removesuffix(".conda").removesuffix(".tar.bz2")
    name, version, build = stem.rsplit("-", 2)
    number = _NUMBER.search(build)
    taken = int(number[0]) if number else output.build_number
    return replace(output, name=name, version=version, build=build, build_number=taken, subdir=subdir)
