"""From a decision to jobs: builds in waves, a test for every built file, a retest for every touched dependent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.domain.plans import Circle, Deadlock, Decision, Membership, Plan, PlannedJob
from controller.domain.recipes import Output
from controller.planning.index import Index
from controller.planning.indexing import index_of
from controller.planning.olds import Olds, standing
from controller.planning.order import Order
from controller.planning.outcomes import Identity, identity
from controller.planning.providers import NOARCH
from controller.planning.surroundings import Surroundings
from controller.planning.writing import Names, Writer

Numbers = Mapping[tuple[str, str, str], int]
"""Subdir, name and version to a build number."""
Named = Mapping[Identity, int]
"""How many names each output has already."""
_NONE: Named = {}


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Who waits for whom in a decision, and which of it is built more than once: all but the names of the files."""

    decision: Decision
    around: Surroundings
    order: Order

    @property
    def circles(self) -> tuple[Circle, ...]:
        """What is built in stages, in building order."""
        found = {tie.units[0]: tie.circle for tie in self.order.ties.values() if tie.circle}
        return tuple(found[unit] for unit in self.order.sequence if unit in found)

    def deadlocks(self, names: Names) -> Iterator[Deadlock]:
        """What gets no jobs."""
        for first, units in self.order.held.items():
            tie = self.order.ties[first]
            if tie.deadlock:
                held = dict.fromkeys(output.name for output in self._of(units))
                files = (_file(names.final(output)) for output in self._of((*tie.units, *units)))
                yield replace(tie.deadlock, held=tuple(held), files=tuple(files))

    def _of(self, units: Iterable[int]) -> Iterator[Output]:
        return (self.around.outputs[place] for unit in units for place in self.around.units[unit].places)

    def unnamed(self, named: Named) -> Decision:
        """The decision, of which only that is still to be rebuilt which has fewer names than stages."""
        if not named:
            return self.decision
        stages = self._stages()
        members = tuple(
            replace(member, membership=Membership.NOTHING)
            if member.membership is Membership.REBUILD and _has(named, member.output) >= stages.get(place, 1)
            else member
            for place, member in enumerate(self.decision.members)
        )
        return replace(self.decision, members=members)

    def numbers(self, assigned: Numbers, named: Named = _NONE) -> list[dict[tuple[str, str, str], int]]:
        """The build numbers of each stage, from those ``assigned``; the last are those of all that is published.

        Where a recipe has something in a circle, its numbers go up by the stages before the last. Those before are
        below, and speak of what is in the circle alone. What is ``named`` needs so many fewer.
        """
        outputs = self.around.outputs
        more = {p: n - 1 - _has(named, outputs[p]) for p, n in self._stages().items() if _name(outputs[p]) in assigned}
        steps: dict[str, int] = {}
        for place, before in more.items():
            recipe = outputs[place].recipe
            steps[recipe] = max(before, steps.get(recipe, 0))
        last = dict(assigned)
        for place in self.around.place_at if steps else ():
            name = _name(outputs[place])
            if name in last:
                last[name] = max(last[name], assigned[name] + steps.get(outputs[place].recipe, 0))
        return [*(self._of_stage(assigned, more, n) for n in range(max(steps.values(), default=0))), last]

    def _of_stage(self, assigned: Numbers, more: Mapping[int, int], stage: int) -> dict[tuple[str, str, str], int]:
        names = (_name(self.around.outputs[place]) for place, before in more.items() if stage < before)
        return {name: assigned[name] + stage for name in names}

    def _stages(self) -> dict[int, int]:
        """Place of everything in a circle to how often it is built."""
        units = self.around.units
        return {place: tie.stages for unit, tie in self.order.ties.items() for place in units[unit].places}


def arrange(decision: Decision, index: Index | None = None, *, upstream: bool = False) -> Arrangement:
    """Find the order of a decision, on the index that it was made on, where that is at hand.

    ``upstream`` says whether other channels stand behind the target, so that what it lacks may be had from them.
    """
    if index is None:
        index = index_of([member.output for member in decision.members], ())
        base = standing(member.artifact for member in decision.members if member.artifact)
    else:
        base = index.records.by_name
    around = Surroundings.of(decision, index.running)
    return Arrangement(decision, around, Order.of(around, Olds(base, upstream)))


def schedule(
    decision: Decision, named: Sequence[Output], pools: Mapping[str, str] | None = None,
    arrangement: Arrangement | None = None,
) -> Plan:  # fmt: skip
    """The jobs of a decision, parents before children.

    ``named`` holds (at least) every output to be rebuilt, under its final name; of what is built in stages also the
    names of these, which have lower build numbers (``Arrangement.numbers``). ``pools`` maps a subdir, and ``noarch``,
    to its pool; a subdir without one is its own pool, and noarch goes to the first subdir. ``arrangement`` is that of
    the decision, where it was found already.
    """
    arranged = arrangement or arrange(decision)
    names, members = Names(named), decision.members
    writer = Writer(arranged.around, arranged.order, names, _pools(arranged.around.outputs, pools))
    retested = [place for place, member in enumerate(members) if member.membership is Membership.RETEST]
    jobs = _in_waves(writer.builds(), writer.tests(), writer.retests(retested))
    numbers = {}
    for member in decision.having(Membership.REBUILD):
        output = names.final(member.output)
        numbers[_name(output)] = output.build_number
    waves, deadlocks = jobs[-1].wave if jobs else 0, tuple(arranged.deadlocks(names))
    return Plan(decision, tuple(jobs), waves, numbers, arranged.circles, deadlocks)


def _pools(outputs: Sequence[Output], given: Mapping[str, str] | None) -> dict[str, str]:
    subdirs = list(dict.fromkeys(output.target_platform for output in outputs))
    pools = {subdir: subdir for subdir in subdirs}
    pools[NOARCH] = subdirs[0] if subdirs else NOARCH
    return pools | dict(given or {})


def _in_waves(*kinds: Iterable[PlannedJob]) -> list[PlannedJob]:
    """Jobs by wave; in one wave builds, tests and retests in this order."""
    waves: dict[int, list[PlannedJob]] = {}
    for jobs in kinds:
        for job in jobs:
            waves.setdefault(job.wave, []).append(job)
    return [job for wave in sorted(waves) for job in waves[wave]]


def _has(named: Named, output: Output) -> int:
    return named.get(identity(output), 0) if named else 0


def _file(output: Output) -> str:
    return f"{output.subdir}/{output.file_name}"


def _name(output: Output) -> tuple[str, str, str]:
    return (output.subdir, output.name, output.version)
