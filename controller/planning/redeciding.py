"""A plan that is under way, decided again: what of it goes, what comes, and who waits for whom from now on.

The new plan is made whole, as if nothing had been done; here it is laid over the jobs that there are. What runs or
has ended stays as it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from controller.domain.artifacts import Artifact
from controller.domain.differences import PlanChange, Turn
from controller.domain.jobs import BLOCKING, SETTLED, JobEvent, JobKind, JobState
from controller.domain.plans import Decision, Membership, Plan, PlannedJob, Reason, Rule
from controller.planning.index import Index
from controller.planning.interfaces import Break, broken_uses
from controller.planning.outcomes import Identity, identity
from controller.planning.records import place_of
from controller.planning.specs import name_of
from workers.contract.interfaces import InterfaceFacts

OPEN = frozenset({JobState.WAITING, JobState.READY, JobState.BLOCKED})
"""Not started: these can still go, or wait for others."""
_STOPS = BLOCKING | {JobState.CANCELLED}
"""What waits for one of these cannot be done."""
_WAYS: Mapping[tuple[JobState, JobState], tuple[JobEvent, ...]] = {
    (JobState.WAITING, JobState.READY): (JobEvent.PARENTS_DONE,),
    (JobState.WAITING, JobState.BLOCKED): (JobEvent.PARENT_FAILED,),
    (JobState.READY, JobState.WAITING): (JobEvent.HOLD,),
    (JobState.READY, JobState.BLOCKED): (JobEvent.HOLD, JobEvent.PARENT_FAILED),
    (JobState.BLOCKED, JobState.WAITING): (JobEvent.RETRY,),
    (JobState.BLOCKED, JobState.READY): (JobEvent.RETRY, JobEvent.PARENTS_DONE),
}
_UNPASSED = frozenset({JobState.FAILED, JobState.UNSOLVABLE})
_ESCALATING = frozenset({Rule.R17, Rule.R19, Rule.RETEST})
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Standing:
    """A job that there is. ``files`` are what it builds, or the one that it tests: ``subdir/file name``."""

    id: int
    kind: JobKind
    state: JobState
    name: str
    subdir: str
    files: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    outputs: tuple[Identity, ...] = ()
    stage: int = 0


@dataclass(frozen=True, slots=True)
class Hanging:
    """A job of the new plan, and what it waits for: jobs that there are, by id, and jobs to come, by key."""

    job: PlannedJob
    waits_for: frozenset[int]
    waits_for_new: frozenset[str]


@dataclass(frozen=True, slots=True)
class Overlay:
    """The new plan over the old jobs, by their ids."""

    added: tuple[Hanging, ...] = ()
    dropped: Mapping[int, Reason] = field(default_factory=dict)
    """What is not needed any more, and why."""
    replaced: frozenset[int] = frozenset()
    """Of these the retests of what is rebuilt instead."""
    revived: frozenset[int] = frozenset()
    escalated: frozenset[int] = frozenset()
    """Retests that did not pass, or cannot, and whose packages are to be rebuilt now."""
    hung: Mapping[int, Hanging] = field(default_factory=dict)
    """Every open job that stays, and every revived one."""
    staged: Mapping[int, int] = field(default_factory=dict)
    """Builds that were to be published and now carry a circle on: to which stage, whatever their state."""


def lay_over(
    plan: Plan, jobs: Sequence[Standing], still: AbstractSet[str] = frozenset(),
    broken: AbstractSet[Identity] = frozenset(),
) -> Overlay:  # fmt: skip
    """What the new ``plan`` makes of the ``jobs`` of the old one.

    ``still`` are packages that came out the same, ``broken`` outputs that do not go with what is new as they stand.
    """
    return _Laying(plan, jobs, still, broken).run()


class _Laying:
    def __init__(
        self, plan: Plan, jobs: Sequence[Standing], still: AbstractSet[str], broken: AbstractSet[Identity]
    ) -> None:
        self.plan, self.jobs, self.still, self.broken = plan, {job.id: job for job in jobs}, still, broken
        self.members = {identity(member.output): member for member in plan.decision.members}
        self.owners = {(job.kind, file): job.id for job in jobs for file in job.files}
        self.there: dict[str, frozenset[int]] = {}
        """Key of a job of the plan to the jobs that do it already, or a part of it."""
        self.new: dict[str, PlannedJob] = {}
        self.by_key = {job.key: job for job in plan.jobs}

    def run(self) -> Overlay:
        for job in self.plan.jobs:
            self._match(job)
        kept = frozenset(number for ids in self.there.values() for number in ids)
        left = {n: job for n, job in self.jobs.items() if n not in kept and job.state in OPEN}
        retests = {n: job for n, job in left.items() if job.kind is JobKind.RETEST}
        broken = {n for n, job in retests.items() if not self.broken.isdisjoint(job.outputs)}
        dropped = {n: job for n, job in left.items() if n not in broken}
        return Overlay(
            added=tuple(Hanging(job, *self._parents(key)) for key, job in self.new.items()),
            dropped={number: self._dropped_for(job) for number, job in dropped.items()},
            replaced=frozenset(number for number, job in dropped.items() if self._is_replaced(job)),
            revived=frozenset(n for n in kept if self.jobs[n].state is JobState.NOT_NEEDED),
            escalated=frozenset({*self._escalated(), *broken}),
            hung=dict(self._hung()),
            staged=dict(self._staged()),
        )

    def _match(self, job: PlannedJob) -> None:
        files = _files(job)
        owners = {file: self.owners[job.kind, file] for file in files if (job.kind, file) in self.owners}
        self.there[job.key] = frozenset(owners.values())
        if len(owners) == len(files):
            return
        outputs = job.outputs
        if job.kind is JobKind.BUILD:  # a part of it is built already, or by another job: only the rest is new
            outputs = tuple(o for o in job.outputs if f"{o.subdir}/{o.file_name}" not in owners)
        self.new[job.key] = job._replace(outputs=outputs)

    def _parents(self, key: str) -> tuple[frozenset[int], frozenset[str]]:
        job = self.by_key[key]
        ids = {number for parent in job.parents for number in self.there[parent]}
        news = {parent for parent in job.parents if parent in self.new}
        own = self.there[key] if key in self.new else frozenset()
        return frozenset(ids | own), frozenset(news)

    def _hung(self) -> Iterator[tuple[int, Hanging]]:
        for job in self.plan.jobs:
            ids, news = self._parents(job.key)
            for number in self.there[job.key]:
                if self.jobs[number].state in OPEN | {JobState.NOT_NEEDED}:
                    yield number, Hanging(job, ids - self.there[job.key], news)

    def _staged(self) -> Iterator[tuple[int, int]]:
        for job in self.plan.jobs:
            for number in self.there[job.key] if job.stage else ():
                if self.jobs[number].stage != job.stage:
                    yield number, job.stage

    def _is_replaced(self, job: Standing) -> bool:
        member = self.members.get(job.outputs[0]) if job.outputs else None
        rebuilt = member is not None and member.membership is Membership.REBUILD
        return job.kind is JobKind.RETEST and rebuilt

    def _dropped_for(self, job: Standing) -> Reason:
        """The last package on the way to it that came out the same; else what the new decision says of it."""
        first = job.reasons[0] if job.reasons else Reason(Rule.CURRENT)
        nearest = [name for name in first.path[:-1] if name in self.still]
        if nearest and not self._is_replaced(job):
            return Reason(Rule.UNCHANGED, nearest[-1], path=first.path)
        member = self.members.get(job.outputs[0]) if job.outputs else None
        return member.reasons[0] if member is not None else Reason(Rule.UNCHANGED, first.about, path=first.path)

    def _escalated(self) -> Iterator[int]:
        rebuilt = {m.artifact for m in self.plan.decision.having(Membership.REBUILD) if m.artifact}
        for number, job in self.jobs.items():
            if job.kind is JobKind.RETEST and job.state in _UNPASSED and rebuilt.intersection(job.files):
                yield number


def _files(job: PlannedJob) -> tuple[str, ...]:
    if job.kind is JobKind.BUILD:
        return tuple(f"{output.subdir}/{output.file_name}" for output in job.outputs)
    return (job.artifact,)


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where an open job stands when everything is counted anew: what it waits for, and the moves that lead there."""

    open_parents: int
    events: tuple[JobEvent, ...] = ()
    fault: int | None = None
    """The broken job above a blocked one."""


def resume(
    states: Mapping[int, JobState], due: AbstractSet[int], parents: Mapping[int, Sequence[int]], *, held: bool
) -> dict[int, Resumed]:
    """By id, for every open job. Nothing is ready in a batch that is ``held``, nor after a job that is ``due``."""
    found: dict[int, Resumed] = {}
    faults: dict[int, int | None] = {}
    for number in _parents_first([n for n, state in states.items() if state in OPEN], parents):
        above = [parent for parent in parents.get(number, ()) if parent in states]
        left = sum(states[parent] not in SETTLED or parent in due for parent in above)
        known = (_fault(parent, states[parent], faults) for parent in above)
        faults[number] = fault = next((found for found in known if found is not None), None)
        to = JobState.BLOCKED if fault is not None else JobState.WAITING if left or held else JobState.READY
        found[number] = Resumed(left, _WAYS.get((states[number], to), ()), fault)
    return found


def _fault(parent: int, state: JobState, faults: Mapping[int, int | None]) -> int | None:
    return parent if state in _STOPS else faults.get(parent)


def _parents_first(numbers: Sequence[int], parents: Mapping[int, Sequence[int]]) -> Iterator[int]:
    wanted = set(numbers)
    waiting = {n: sum(parent in wanted for parent in parents.get(n, ())) for n in numbers}
    children: dict[int, list[int]] = {}
    for number in numbers:
        for parent in parents.get(number, ()):
            children.setdefault(parent, []).append(number)
    ready = [n for n in numbers if not waiting[n]]
    for number in ready:
        yield number
        for child in children.get(number, ()):
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)


def find_escalations(
    index: Index, decision: Decision, breaks: Mapping[str, Sequence[Break]],
    interface_of: Callable[[Artifact], InterfaceFacts | None],
) -> dict[Identity, Reason]:  # fmt: skip
    """R17: dependents that were to be retested alone, and that use what is gone.

    ``breaks`` are those of each package that was built, by its name.
    """
    found: dict[Identity, Reason] = {}
    artifacts = {place_of(artifact): artifact for artifact in index.artifacts if artifact is not None}
    for member in decision.having(Membership.RETEST):
        artifact = artifacts.get(member.artifact)
        used = interface_of(artifact) if artifact is not None else None
        if artifact is None or used is None:
            continue
        for name, broken in breaks.items():
            lacking = broken_uses(used, broken)
            if lacking:
                found[identity(member.output)] = _broken(artifact, name, lacking, member.reasons[0].path)
                break
    return found


def _broken(artifact: Artifact, name: str, lacking: Mapping[str, Sequence[str]], path: tuple[str, ...]) -> Reason:
    recorded = next((d for d in artifact.depends if name_of(d.spec) == name), None)
    spec, origin = (recorded.spec, recorded.origin.value) if recorded else ("", "")
    return Reason(Rule.R17, name, spec, origin, path, "; ".join(_lacks(*each) for each in lacking.items()))


def _lacks(library: str, symbols: Sequence[str]) -> str:
    if not symbols:
        return f"the library {library}"
    more = f" and {len(symbols) - _SHOWN} more" if len(symbols) > _SHOWN else ""
    return f"{', '.join(symbols[:_SHOWN])}{more} of {library}"


def tell(overlay: Overlay, jobs: Sequence[Standing], stopped: Mapping[str, str]) -> Iterator[PlanChange]:
    """Everything that is otherwise than it was planned. ``stopped`` are files that came out the same, by package, as
    far as that was not told before.

    Tests of what is built, or is not, go without saying, and so do retests of what is rebuilt instead.
    """
    by_id = {job.id: job for job in jobs}
    for name, file in stopped.items():
        subdir = file.split("/", 1)[0]
        yield PlanChange(Turn.STOPPED, JobKind.BUILD.value, name, subdir, Reason(Rule.UNCHANGED, name, path=(name,)))
    for added in overlay.added:
        if added.job.kind is not JobKind.TEST:
            yield _added(added.job)
    for number in sorted(overlay.dropped.keys() - overlay.replaced):
        job = by_id[number]
        if job.kind is not JobKind.TEST:
            reason = overlay.dropped[number]
            yield PlanChange(Turn.DROPPED, job.kind.value, job.name, job.subdir, reason, f"J-{number}")


def _added(job: PlannedJob) -> PlanChange:
    reason = next((r for r in job.reasons if r.rule in _ESCALATING), job.reasons[0])
    turn = Turn.ESCALATED if reason.rule in _ESCALATING else Turn.ADDED
    return PlanChange(turn, job.kind.value, job.name, job.subdir, reason)
