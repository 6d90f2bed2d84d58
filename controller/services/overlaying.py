"""A new plan laid over the jobs of a batch, in one transaction: jobs go and come, and wait for others than before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from controller.domain.batches import BatchEvent, BatchState
from controller.domain.differences import PlanChange, Revision, Turn
from controller.domain.forecasts import Holding
from controller.domain.jobs import BROKEN, JobEvent, JobState
from controller.domain.pauses import PauseKind
from controller.domain.plans import Plan, Reason
from controller.domain.wording import reason_sentence
from controller.planning.breaker import holding
from controller.planning.forecast import tasks_of
from controller.planning.outcomes import Identity, identity
from controller.planning.redeciding import OPEN, Overlay, Standing, lay_over, tell
from controller.planning.redeciding import resume as find_resumed
from controller.services import matching
from controller.services.consequences import move
from controller.services.earlier_plans import with_earlier
from controller.services.farm import Farm
from controller.services.forecast import history_of
from controller.services.hindsight import Seen
from controller.services.opening import (
    Sources,
    before_of,
    expect,
    job_row,
    plan_document,
    planned_files,
    planned_parents,
    rules_of,
)
from controller.services.proposals import Proposal
from controller.services.requests import move_batch
from controller.services.sharing import rank_among
from controller.storage import artifacts, batches, events, jobs, overlays, pauses
from controller.storage.batches import BatchRow
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from controller.storage.tables import to_json

_UNDONE = frozenset({JobState.NOT_NEEDED, JobState.ESCALATED})
_UNTOUCHED = OPEN | {JobState.NOT_NEEDED}


class MovedOnError(Exception):
    """A worker began a job, or ended one, while the plan was being made anew."""


@dataclass(frozen=True, slots=True)
class Again:
    """The new plan, with what it takes to do what is new in it."""

    plan: Plan
    sources: Sources
    forced: Mapping[Identity, Reason] = field(default_factory=dict)
    stopped: Mapping[str, str] = field(default_factory=dict)
    """Package to the file that came out the same as before."""
    edits: tuple[Proposal, ...] = ()


def overlay(farm: Farm, seen: Seen, again: Again) -> bool:
    """Lay the new plan over the batch. False, with nothing changed, when the batch moved on meanwhile."""
    laid = lay_over(again.plan, seen.standing(), again.stopped.keys(), again.forced.keys())
    try:
        with farm.transaction() as session:
            batch = batches.find_batch(session, seen.batch.name, lock=True)
            if batch.state != seen.batch.state or len(batch.revisions) != len(seen.batch.revisions):
                return False
            _Laying(farm, session, batch, seen, again, laid).run()
            return True
    except MovedOnError:
        return False


def go_on(farm: Farm, seen: Seen, why: str) -> None:
    """Let a batch that cannot be decided again go on as it was planned."""
    with farm.transaction() as session:
        batch = batches.find_batch(session, seen.batch.name, lock=True)
        overlays.clear_due(session, [job.id or 0 for job in seen.due])
        if why:
            _keep(farm, session, batch, (), failed=why)
        if batch.state in (BatchState.RUNNING, BatchState.HELD):
            resume(farm, session, batch)


def resume(farm: Farm, session: Session, batch: BatchRow) -> None:
    """Count anew what every open job waits for: what can start is ready, what cannot be done is blocked.

    Doing it again changes nothing.
    """
    rows = {row.id or 0: row for row in jobs.jobs_of_batch(session, batch.id or 0)}
    states = {number: JobState(row.state) for number, row in rows.items()}
    due = {number for number, row in rows.items() if row.due}
    parents = jobs.edges_of_batch(session, batch.id or 0)
    for number, resumed in find_resumed(states, due, parents, held=batch.state == BatchState.HELD).items():
        row, fault = rows[number], rows.get(resumed.fault or 0)
        for event in resumed.events:
            message = f"{fault.kind} of {fault.name} broke" if fault else ""
            if not move(farm, session, row, event, message=message, open_parents=resumed.open_parents):
                raise MovedOnError
        if not resumed.events and row.open_parents != resumed.open_parents:
            row.open_parents = resumed.open_parents
            session.add(row)
    session.flush()


def _keep(farm: Farm, session: Session, batch: BatchRow, changes: Iterable[PlanChange], failed: str = "") -> None:
    revision = Revision(len(batch.revisions) + 1, farm.now(), tuple(changes), failed)
    batch.revisions = [*batch.revisions, to_json(Revision, revision)]
    session.add(batch)
    session.flush()
    events.note(session, farm.now(), "batch.redecided", batch=batch.name, changes=len(revision.changes), failed=failed)


@dataclass
class _Laying:
    farm: Farm
    session: Session
    batch: BatchRow
    seen: Seen
    again: Again
    laid: Overlay

    def run(self) -> None:
        """Everything that the new plan changes. Raises MovedOnError when somebody was at one of these jobs first."""
        standing = self.seen.standing()
        rows = {row.id or 0: row for row in jobs.jobs_of_batch(self.session, self.batch.id or 0)}
        self._expect_unmoved(rows)
        for number, reason in self.laid.dropped.items():
            instead = "It is rebuilt instead. " if number in self.laid.replaced else ""
            self._move(rows[number], JobEvent.DROP, instead + reason_sentence(reason))
        for number in sorted(self.laid.escalated):
            self._move(rows[number], JobEvent.ESCALATE, self._why(rows[number], number))
        for number in sorted(self.laid.revived):
            self._move(rows[number], JobEvent.REVIVE, "")
        for number, stage in self.laid.staged.items():
            rows[number].stage = stage
            self.session.add(rows[number])
            artifacts.of_stage(self.session, number, stage)
        new = self._add()
        self._hang(rows, new)
        overlays.clear_due(self.session, [job.id or 0 for job in self.seen.due])
        self._keep_decision(tuple(self._told(standing, new)))
        resume(self.farm, self.session, self.batch)

    def _expect_unmoved(self, rows: Mapping[int, JobRow]) -> None:
        """Jobs that are dropped or hung otherwise must not have begun, and all that were built must be known."""
        before = {job.id or 0: job for job in self.seen.jobs}
        touched = {*self.laid.dropped, *self.laid.hung}
        if rows.keys() != before.keys() or any(JobState(rows[n].state) not in _UNTOUCHED for n in touched):
            raise MovedOnError

    def _move(self, row: JobRow, event: JobEvent, message: str) -> None:
        values = {"ended_at": None} if event is JobEvent.REVIVE else {}
        if not move(self.farm, self.session, row, event, message=message, **values):
            raise MovedOnError

    def _why(self, row: JobRow, number: int) -> str:
        (output,) = self.seen.outputs[number]
        reason = self.again.forced.get(identity(output))
        return row.message if JobState(row.state) in BROKEN or reason is None else reason_sentence(reason)

    def _add(self) -> dict[str, JobRow]:
        plan = replace(self.again.plan, jobs=tuple(hanging.job for hanging in self.laid.added))
        artifacts.plan_names(self.session, planned_files(plan), self.batch.id or 0)
        replaced = {identity(member.output): member.artifact for member in plan.decision.members}
        rows = {}
        for hanging in self.laid.added:
            row = job_row(self.farm, self.batch, hanging.job, self.again.sources)
            row.before, row.revision = before_of(hanging.job, replaced), len(self.batch.revisions) + 1
            row.state, row.ready_at = JobState.WAITING.value, None
            rows[hanging.job.key] = row
        added = [(hanging.job, rows[hanging.job.key]) for hanging in self.laid.added]
        matching.assign(self.farm, self.session, rules_of(self.batch), added)
        expect(self.batch, added)
        self.session.add_all(rows.values())
        self.session.flush()
        return rows

    @cached_property
    def _heights(self) -> dict[str, int]:
        plan = self.again.plan
        known = history_of(self.session, (job.recipe for job in plan.jobs))
        return {task.key: -round(task.rank) for task in tasks_of(plan.jobs, known)}

    def _hang(self, rows: Mapping[int, JobRow], new: Mapping[str, JobRow]) -> None:
        hung = {**self.laid.hung, **{new[hanging.job.key].id or 0: hanging for hanging in self.laid.added}}
        overlays.hang(
            self.session,
            {n: h.waits_for | {new[key].id or 0 for key in h.waits_for_new} for n, h in hung.items()},
        )
        for number, hanging in self.laid.hung.items():
            row = rows[number]
            row.wave = hanging.job.wave
            if row.order:
                row.order = row.order | {
                    "parents": [parent.model_dump(mode="json") for parent in planned_parents(hanging.job)]
                }
            self.session.add(row)
        moved = {number: self._heights[hanging.job.key] for number, hanging in hung.items()}
        rank_among(self.farm, self.session, self.batch, [*rows.values(), *new.values()], moved)

    def _told(self, standing: Sequence[Standing], new: Mapping[str, JobRow]) -> Iterator[PlanChange]:
        """What changed, without what an earlier decision told already."""
        told = {
            change["name"]
            for kept in self.batch.revisions
            for change in kept["changes"]
            if change["turn"] == Turn.STOPPED
        }
        stopped = {name: file for name, file in self.again.stopped.items() if name not in told}
        ids = {(row.kind, row.name, row.subdir): row.public for row in new.values()}
        for change in tell(self.laid, standing, stopped):
            yield replace(change, job=change.job or ids.get((change.kind, change.name, change.subdir), ""))

    def _keep_decision(self, changes: tuple[PlanChange, ...]) -> None:
        forced = [
            {"identity": list(key), "reason": to_json(Reason, reason)} for key, reason in self.again.forced.items()
        ]
        batch, plan = self.batch, self.again.plan
        batch.forced = forced
        number = len(batch.revisions) + bool(changes)
        document = plan_document(plan, self.again.edits)
        batch.plan = batch.plan | with_earlier(batch.plan, document, number)
        batch.waves = max(batch.waves, plan.waves)
        self._break_circuit()
        if changes:
            _keep(self.farm, self.session, batch, changes)

    def _break_circuit(self) -> None:
        """More than a person let pass, or than passes by itself, waits for a person."""
        batch, rules = self.batch, self.farm.rules
        needed = sum(state not in _UNDONE for state in self._states())
        passed = int((batch.plan.get("held") or {}).get("jobs", 0))
        too_many = holding(needed - passed, rules.circuit_breaker_jobs, 0, ())
        paused = pauses.find_open(self.session, PauseKind.BATCH, batch.name)
        if too_many is not None and self.laid.added and (paused or batch.state == BatchState.RUNNING):
            held = replace(too_many, jobs=needed)
            batch.plan = batch.plan | {"held": to_json(Holding, held)}
            self.session.add(batch)
            self.session.flush()
            if paused:  # from now on it is held for its size, and waits for a release
                pauses.end(self.session, paused, self.farm.now(), "farm")
            else:
                move_batch(self.farm, self.session, batch, BatchEvent.HOLD)

    def _states(self) -> list[str]:
        return [row.state for row in jobs.jobs_of_batch(self.session, self.batch.id or 0)]
