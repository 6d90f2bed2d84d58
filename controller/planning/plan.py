"""From a decision to jobs: builds in waves, a test for every built file, a retest for every touched dependent."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.domain.jobs import JobKind
from controller.domain.plans import Decision, Member, Membership, Plan, PlannedJob, Reason
from controller.domain.recipes import Origin, Output
from controller.planning.dependencies import EdgeKind
from controller.planning.order import Order
from controller.planning.providers import NOARCH
from controller.planning.surroundings import Mask, Surroundings
from controller.planning.units import Unit, find_units

_NUMBER = re.compile(r"\d+$")


def schedule(decision: Decision, named: Sequence[Output], pools: Mapping[str, str] | None = None) -> Plan:
    """The jobs of a decision, parents before children.

    ``named`` holds (at least) every output to be rebuilt, under its final name. ``pools`` maps a subdir, and
    ``noarch``, to its pool; a subdir without one is its own pool, and noarch goes to the first subdir.
    """
    around = Surroundings.of(decision, named)
    units = find_units(around.outputs, around.built)
    order = Order.of(around, units)
    writer = _Writer(around, order, _pools(around.outputs, pools))
    builds = [writer.build(number, unit) for number, unit in enumerate(units)]
    tests = [writer.test(place) for place in around.built]
    retests = [writer.retest(n, m) for n, m in enumerate(decision.members) if m.membership is Membership.RETEST]
    jobs = _in_waves([*builds, *tests, *retests])
    numbers = {(o.subdir, o.name, o.version): o.build_number for o in (around.outputs[place] for place in around.built)}
    return Plan(decision, tuple(jobs), max((job.wave for job in jobs), default=0), numbers)


def _pools(outputs: Sequence[Output], given: Mapping[str, str] | None) -> dict[str, str]:
    subdirs = list(dict.fromkeys(output.target_platform for output in outputs))
    pools = {subdir: subdir for subdir in subdirs}
    pools[NOARCH] = subdirs[0] if subdirs else NOARCH
    return pools | dict(given or {})


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes jobs; their waves come last, when all parents are known."""

    around: Surroundings
    order: Order
    pools: Mapping[str, str]

    def build(self, number: int, unit: Unit) -> PlannedJob:
        """The build of a unit."""
        around, needed = self.around, self.order.parents[number]
        outputs = tuple(around.outputs[place] for place in unit.places)
        parents = {self._build_key(place) for place in around.of_mask(needed)}
        parents |= {_test_key(around.outputs[place]) for place in around.of_mask(needed & ~self.order.late)}
        return PlannedJob(
            key=_build_key(unit, outputs[0]),
            kind=JobKind.BUILD,
            recipe=unit.recipe,
            name=outputs[0].name,
            subdir=unit.subdir,
            pool=self._pool(unit.subdir),
            wave=0,
            outputs=outputs,
            reasons=_reasons(around.members[place] for place in unit.places),
            parents=frozenset(parents),
            must_contain=self._must_contain(unit, self.order.cut[number]),
        )

    def test(self, place: int) -> PlannedJob:
        """The test of a built file."""
        around, output = self.around, self.around.outputs[place]
        unit = self.order.units[self.order.unit_of[place]]
        needed = self.order.reduced(around.to_test(place, unit.platform) | around.bits[place]) | around.bits[place]
        job = self._check(place, JobKind.TEST, output, output.subdir, needed)
        return replace(job, key=_test_key(output), late=bool(self.order.late & around.bits[place]))

    def retest(self, place: int, member: Member) -> PlannedJob:
        """The retest of a file that stays as it is; of a noarch file on a platform where something moved."""
        subdir, mask = self._touched(place, member.output)
        output = _as_file(member)
        job = self._check(place, JobKind.RETEST, output, output.subdir, self.order.reduced(mask))
        return replace(job, key=f"retest:{member.artifact}", pool=self._pool(subdir))

    def _touched(self, place: int, output: Output) -> tuple[str, Mask]:
        if output.subdir != NOARCH:
            return output.subdir, self.around.to_test(place, output.subdir)
        platforms = [output.target_platform, *sorted(self.around.on)]
        found = [(p, mask) for p in platforms if (mask := self.around.to_test(place, p))]
        if not found or found[0][0] == output.target_platform:
            return NOARCH, found[0][1] if found else 0
        return found[0]

    def _check(self, place: int, kind: JobKind, output: Output, subdir: str, needed: Mask) -> PlannedJob:
        member = self.around.members[place]
        return PlannedJob(
            key="",
            kind=kind,
            recipe=output.recipe,
            name=output.name,
            subdir=subdir,
            pool=self._pool(subdir),
            wave=0,
            outputs=(output,),
            reasons=member.reasons,
            parents=frozenset(self._build_key(other) for other in self.around.of_mask(needed)),
            artifact=f"{output.subdir}/{output.file_name}",
        )

    def _must_contain(self, unit: Unit, cut: Mask) -> dict[str, frozenset[str]]:
        """Files of this plan that the recipe names, where nothing else could stand for them."""
        found: dict[str, set[str]] = {}
        for place in unit.places:
            for need, providers in self.around.hard[place]:
                bit = self.around.bits.get(providers[0], 0) if len(providers) == 1 else 0
                if bit and not bit & cut and providers[0] not in unit.places and need.origin is not Origin.RUN_EXPORT:
                    section = "build" if need.kind is EdgeKind.BUILD else "host"
                    found.setdefault(section, set()).add(self.around.outputs[providers[0]].file_name)
        return {section: frozenset(files) for section, files in sorted(found.items())}

    def _build_key(self, place: int) -> str:
        unit = self.order.units[self.order.unit_of[place]]
        return _build_key(unit, self.around.outputs[unit.places[0]])

    def _pool(self, subdir: str) -> str:
        return self.pools.get(subdir, subdir)


def _build_key(unit: Unit, first: Output) -> str:
    return f"build:{unit.platform}/{first.file_name}"


def _test_key(output: Output) -> str:
    return f"test:{output.subdir}/{output.file_name}"


def _reasons(members: Iterable[Member]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reason for member in members for reason in member.reasons))


def _as_file(member: Member) -> Output:
    """The output under the name of the file that stands in the target."""
    stem = member.artifact.split("/", 1)[-1].removesuffix(".conda").removesuffix(".tar.bz2")
    name, version, build = stem.rsplit("-", 2)
    number = _NUMBER.search(build)
    taken = int(number[0]) if number else member.output.build_number
    return replace(member.output, name=name, version=version, build=build, build_number=taken)


def _in_waves(jobs: Sequence[PlannedJob]) -> list[PlannedJob]:
    """Jobs sorted by wave. Builds open a wave; a test stands in the wave of the last build that it waits for."""
    by_key = {job.key: job for job in jobs}
    children: dict[str, list[str]] = {job.key: [] for job in jobs}
    for job in jobs:
        for parent in job.parents:
            children[parent].append(job.key)
    waiting = {job.key: len(job.parents) for job in jobs}
    waves: dict[str, int] = {}
    ready = [job.key for job in jobs if not job.parents]
    for key in ready:
        job = by_key[key]
        last = max((waves[parent] for parent in job.parents), default=0)
        waves[key] = last + 1 if job.kind is JobKind.BUILD else max(last, 1)
        for child in children[key]:
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    return sorted((replace(by_key[key], wave=wave) for key, wave in waves.items()), key=lambda job: job.wave)
