"""Deciding with what came of a batch: what stayed the same, what is exported, whom that broke, what did not pass."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from controller.domain.artifacts import Artifact
from controller.domain.differences import Difference
from controller.domain.jobs import JobKind, JobState
from controller.domain.plans import Decision, Reason, Rule
from controller.domain.recipes import Output, Reading, RunExports
from controller.planning.impact import decide_on
from controller.planning.index import Index
from controller.planning.indexing import updated
from controller.planning.interfaces import Break, broken_uses, find_breaks, find_still
from controller.planning.outcomes import Identity, Outcomes, identity
from controller.planning.plan import Arrangement
from controller.planning.records import place_of
from controller.planning.redeciding import OPEN, Standing, find_escalations
from controller.services.comparing import difference_of, interface_of
from controller.services.farm import Farm
from controller.services.opening import Basis
from controller.services.planned import arranged_on
from controller.storage import artifacts
from controller.storage.artifacts import ArtifactRow
from controller.storage.batches import BatchRow
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from controller.storage.tables import from_json
from workers.contract.interfaces import InterfaceFacts

_UNPASSED = {JobState.FAILED: Rule.RETEST, JobState.UNSOLVABLE: Rule.R19}


@dataclass(frozen=True)
class Seen:
    """A batch as it stood when it was looked at."""

    batch: BatchRow
    tree: str
    jobs: tuple[JobRow, ...]
    built: tuple[ArtifactRow, ...]
    before: Mapping[str, ArtifactRow]
    """By ``subdir/file name``: the files whose place was taken."""

    @property
    def due(self) -> tuple[JobRow, ...]:
        """The jobs that ended otherwise than hoped."""
        return tuple(job for job in self.jobs if job.due)

    @cached_property
    def differences(self) -> dict[str, Difference]:
        """By file: what was built beside what was there, and what was promised."""
        return {row.file: found for row in self.built if (found := difference_of(row))}

    @cached_property
    def outputs(self) -> dict[int, list[Output]]:
        """By job: what it builds or tests."""
        return {job.id or 0: [from_json(Output, data) for data in job.outputs] for job in self.jobs}

    @cached_property
    def planned(self) -> dict[Identity, Output]:
        """Outputs under the names that this batch gave them; of what is built in stages that of the last."""
        return {identity(output): output for output in sorted(self.named, key=lambda output: output.build_number)}

    @property
    def named(self) -> list[Output]:
        """Every output under every name that this batch gave it."""
        builds = (job.id or 0 for job in self.jobs if job.kind == JobKind.BUILD)
        return [output for number in builds for output in self.outputs[number]]

    def standing(self) -> list[Standing]:
        """The jobs as the planner looks at them: all but controls, which belong to no plan."""
        return [self._standing(row) for row in self.jobs if row.kind != JobKind.CONTROL]

    def _standing(self, row: JobRow) -> Standing:
        number = row.id or 0
        builds = row.kind == JobKind.BUILD
        files = tuple(f"{o.subdir}/{o.file_name}" for o in self.outputs[number]) if builds else (row.artifact,)
        reasons = tuple(from_json(Reason, reason) for reason in row.reasons)
        outputs = tuple(map(identity, self.outputs[number]))
        return Standing(
            number, JobKind(row.kind), JobState(row.state), row.name, row.subdir, files, reasons, outputs, row.stage
        )


class Hindsight:
    """Decides a reading again. ``index``, ``forced`` and ``stopped`` are what it came to last."""

    def __init__(self, farm: Farm, seen: Seen, basis: Basis, base: list[Artifact]) -> None:
        self.farm, self.seen, self.basis, self.base = farm, seen, basis, base
        self.planned = seen.planned
        self.index = Index()
        self.forced: dict[Identity, Reason] = dict(_forced_before(seen.batch)) | dict(_by_retests(seen))
        self._of_file = {f"{o.subdir}/{o.file_name}": key for key, o in self.planned.items()}
        names = {row.file: row.name for row in seen.built}
        still = find_still(list(seen.differences.values()), names)
        self._still = frozenset(file for file in still if file in self._of_file)
        self.stopped = {names[file]: file for file in sorted(self._still)}

    def arrange(self, reading: Reading) -> Arrangement:
        """The decision with what came of the batch so far, in order."""
        decision = self._decide(reading)
        return arranged_on(self.farm, decision, self.index)

    def _decide(self, reading: Reading) -> Decision:
        """Whom a break reaches is forced, and may reach others: until nobody comes in any more."""
        index = self.index = self._index(reading)
        still = frozenset(self._of_file[file] for file in self._still)
        while True:
            outcomes = Outcomes(still, self._exports, dict(_begun(self.seen)) | self.forced)
            decision = decide_on(index, self.basis.policy, self.basis.moves, reading.refusals, outcomes)
            found = find_escalations(index, decision, self._breaks, self._interface) if self._breaks else {}
            if found.keys() <= self.forced.keys():
                return decision
            self.forced |= found

    def _index(self, reading: Reading) -> Index:
        """With the exports as they came in place of those that were promised."""
        index = self.farm.standings.index(f"{self.seen.tree} {self.seen.batch.name}", reading.outputs, self.base)
        if not self._exports:
            return index
        outputs = [
            replace(output, run_exports=self._exports[key]) if (key := identity(output)) in self._exports else output
            for output in index.outputs
        ]
        return updated(index, outputs, index.records.base)

    @cached_property
    def _exports(self) -> dict[Identity, RunExports]:
        unpredicted = {file for file, found in self.seen.differences.items() if found.unpredicted}
        rows = (row for row in self.seen.built if row.file in unpredicted and row.file in self._of_file)
        return {self._of_file[row.file]: row.value().run_exports for row in rows}

    @cached_property
    def _breaks(self) -> dict[str, tuple[Break, ...]]:
        built = [row for row in self.seen.built if row.file in self._of_file]
        return find_broken(self.farm, built, self.seen.before)

    @cached_property
    def _digests(self) -> dict[str, str]:
        with self.farm.reading() as session:
            return artifacts.interfaces(session)

    def _interface(self, artifact: Artifact) -> InterfaceFacts | None:
        return interface_of(self.farm, self._digests.get(place_of(artifact), ""))


def find_broken(
    farm: Farm, built: Sequence[ArtifactRow], before: Mapping[str, ArtifactRow]
) -> dict[str, tuple[Break, ...]]:
    """By package: what of its libraries is gone, as far as no other file that was built has it now.

    ``before`` are the files whose place was taken, by ``subdir/file name``.
    """
    broken = {row.file: kept.before for row in built if (kept := difference_of(row)) and kept.breaks}
    if not broken:
        return {}
    news = {row.file: facts for row in built if (facts := interface_of(farm, row.interface))}
    found: dict[str, tuple[Break, ...]] = {}
    for row in built:
        old_row = before.get(broken.get(row.file, ""))
        old = interface_of(farm, old_row.interface) if old_row else None
        if old is not None and row.file in news:
            others = (facts for file, facts in news.items() if file != row.file)
            elsewhere = {library.name for facts in others for library in facts.libraries}
            found[row.name] = (*found.get(row.name, ()), *find_breaks(old, news[row.file], elsewhere))
    return found


def find_users(
    farm: Farm, session: Session, built: Sequence[ArtifactRow], replaced: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Of the files whose place is taken those that use what is gone: with the packages that lack it."""
    if not any((kept := difference_of(row)) and kept.breaks for row in built):
        return {}
    before = {row.file: row for row in artifacts.find_files(session, replaced)}
    breaks = find_broken(farm, built, before)
    found: dict[str, tuple[str, ...]] = {}
    for file, row in before.items():
        facts = interface_of(farm, row.interface)
        lacking = tuple(
            name for name, gone in breaks.items() if name != row.name and facts and broken_uses(facts, gone)
        )
        found |= {file: lacking} if lacking else {}
    return found


def _forced_before(batch: BatchRow) -> Iterator[tuple[Identity, Reason]]:
    for kept in batch.forced:
        subdir, name, digest, version, recipe = kept["identity"]
        yield (subdir, name, digest, version, recipe), from_json(Reason, kept["reason"])


def _by_retests(seen: Seen) -> Iterator[tuple[Identity, Reason]]:
    """What did not pass its retest goes with the new only if it is built against it."""
    for job in seen.due:
        rule = _UNPASSED.get(JobState(job.state))
        if job.kind == JobKind.RETEST and rule is not None:
            first: Reason = from_json(Reason, job.reasons[0])
            (output,) = seen.outputs[job.id or 0]
            yield identity(output), replace(first, rule=rule, detail=_fault(job))


def _fault(job: JobRow) -> str:
    said = str(job.failing[0]["text"]) if job.failing else job.message
    return said.strip().split("\n", 1)[0][:200].rstrip(". ") or "see its log"


def _begun(seen: Seen) -> Iterator[tuple[Identity, Reason]]:
    """What is being built, or was: it stays in the plan, whatever the new decision says."""
    for job in seen.jobs:
        if job.kind == JobKind.BUILD and JobState(job.state) not in OPEN | {JobState.NOT_NEEDED}:
            for output in seen.outputs[job.id or 0]:
                yield identity(output), from_json(Reason, job.reasons[0])
