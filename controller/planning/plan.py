"""From a decision to jobs: builds in waves, a test for every built file, a retest for every touched dependent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.domain.plans import Circle, Deadlock, Decision, Membership, Plan, PlannedJob
from controller.domain.recipes import Output
from controller.planning.index import Index
from controller.planning.indexing import index_of
from controller.planning.olds import Olds, standing
from controller.planning.order import Order
from controller.planning.providers import NOARCH
from controller.planning.surroundings import Surroundings
from controller.planning.writing import Names, Writer

Numbers = Mapping[tuple[str, str, str], int]
"""Subdir, name and version to a build number."""


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

    @property
    def deadlocks(self) -> tuple[Deadlock, ...]:
        """What gets no jobs."""
        around = self.around
        found = []
        for first, units in self.order.held.items():
            deadlock = self.order.ties[first].deadlock
            if deadlock:
                held = dict.fromkeys(around.outputs[p].name for unit in units for p in around.units[unit].places)
                found.append(replace(deadlock, held=tuple(held)))
        return tuple(found)

    def numbers(self, assigned: Numbers) -> list[dict[tuple[str, str, str], int]]:
        """The build numbers of each stage, from those ``assigned``; the last are those of all that is published.

        Where a recipe has something in a circle, its numbers go up by the stages before the last. Those before are
        below, and speak of what is in the circle alone.
        """
        more: dict[str, int] = {}
        for unit, tie in self.order.ties.items():
            recipe = self.around.units[unit].recipe
            more[recipe] = max(tie.stages - 1, more.get(recipe, 0))
        last = dict(assigned)
        for place in self.around.place_at if more else ():
            output = self.around.outputs[place]
            name = _name(output)
            last[name] = max(last[name], assigned[name] + more.get(output.recipe, 0))
        stages = [self._of_stage(assigned, stage) for stage in range(1, max(more.values(), default=0) + 1)]
        return [*stages, last]

    def _of_stage(self, assigned: Numbers, stage: int) -> dict[tuple[str, str, str], int]:
        around = self.around
        units = (unit for unit, tie in self.order.ties.items() if stage < tie.stages)
        names = (_name(around.outputs[place]) for unit in units for place in around.units[unit].places)
        return {name: assigned[name] + stage - 1 for name in names}


def arrange(
    decision: Decision, index: Index | None = None, *, upstream: bool = False, staged: bool = False
) -> Arrangement:
    """Find the order of a decision, on the index that it was made on, where that is at hand.

    ``staged`` says that circles are built in stages; else they are only cut, and whatever is there meets what is cut.
    ``upstream`` says whether other channels stand behind the target, so that what it lacks may be had from them.
    """
    if index is None:
        index = index_of([member.output for member in decision.members], ())
        base = standing(member.artifact for member in decision.members if member.artifact)
    else:
        base = index.records.by_name
    around = Surroundings.of(decision, index.running)
    return Arrangement(decision, around, Order.of(around, Olds(base, upstream), staged=staged))


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
    return Plan(decision, tuple(jobs), jobs[-1].wave if jobs else 0, numbers, arranged.circles, arranged.deadlocks)


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


def _name(output: Output) -> tuple[str, str, str]:
    return (output.subdir, output.name, output.version)
