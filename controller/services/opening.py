"""A plan becomes rows: one batch, its jobs, and the edges between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controller.domain.batches import BatchState
from controller.domain.channels import staging
from controller.domain.expected import Expected
from controller.domain.forecasts import Holding, Span
from controller.domain.jobs import JobKind, JobState
from controller.domain.needs import NeedsRule
from controller.domain.plans import Circle, Deadlock, Member, Notice, Plan, PlannedJob, Reason, Rule
from controller.domain.priorities import Priority
from controller.domain.recipes import Output, Refusal, Section
from controller.gateways.recipes import BuildTexts, build_texts
from controller.planning.excusing import expected_of
from controller.planning.forecast import tasks_of
from controller.planning.moves import Move
from controller.planning.outcomes import Identity, identity
from controller.planning.policy import MINIMAL, Policy
from controller.services import matching
from controller.services.farm import Farm
from controller.services.forecast import history_of, holding_of, in_queue, of_tasks
from controller.services.proposals import Proposal
from controller.services.sharing import rank_new
from controller.services.trees import Standing
from controller.storage import artifacts, channels
from controller.storage.batches import BatchRow, ChangeRow
from controller.storage.database import Session
from controller.storage.jobs import JobEdge, JobRow
from controller.storage.tables import from_json, to_json
from workers.contract.jobs import BuildOrder, PlannedFile, PlannedParent, TestOrder

Sources = dict[str, tuple[str, BuildTexts]]
"""Key of a build to the digest of its recipe's archive, and the texts that go with it."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was decided on, so that it can be decided again."""

    testing: int
    """Number of the snapshot of ``testing``."""
    commits: Mapping[str, str] = field(default_factory=dict)
    """Address of each tree to its commit."""
    policy: Policy = MINIMAL
    moves: tuple[Move, ...] = ()


def store_batch(
    farm: Farm,
    session: Session,
    change: ChangeRow,
    plan: Plan,
    basis: Basis,
    edits: Sequence[Proposal] = (),
    priority: Priority = Priority.NORMAL,
) -> BatchRow:
    """Keep a plan as a batch; over the circuit breaker's size it waits for a person."""
    held = holding_of(farm, session, change.tree, plan)
    batch = BatchRow(
        change_id=change.id or 0,
        state=(BatchState.HELD if held else BatchState.RUNNING).value,
        title=change.summary.splitlines()[0] if change.summary else change.commit[:12],
        author=change.author,
        waves=plan.waves,
        plan=plan_document(plan, edits) | _said_once(plan) | ({"held": to_json(Holding, held)} if held else {}),
        basis=to_json(Basis, basis),
        priority=priority.value,
        created_at=farm.now(),
    )
    session.add(batch)
    session.flush()
    channels.lock_channel(session, staging(batch.name))  # made here, so that no two first builds make it at once
    return batch


def _said_once(plan: Plan) -> dict[str, object]:
    """What no later decision of the batch says anew."""
    return {"notices": [to_json(Notice, notice) for notice in plan.notices]}


def plan_document(plan: Plan, edits: Sequence[Proposal] = ()) -> dict[str, object]:
    """What is kept of the decision: every output that the change reaches, and what is done about it."""
    touched = [m for m in plan.decision.members if m.reasons and m.reasons[0].rule is not Rule.CURRENT]
    return {
        "members": [to_json(Member, m) for m in touched],
        "refusals": [to_json(Refusal, r) for r in plan.decision.refusals],
        "current": len(plan.decision.members) - len(touched),
        "circles": [to_json(Circle, circle) for circle in plan.circles],
        "deadlocks": [to_json(Deadlock, deadlock) for deadlock in plan.deadlocks],
        "jobs": len(plan.jobs),
        "edits": [to_json(Proposal, edit) for edit in edits],
    }


def store_sources(farm: Farm, standing: Standing, plan: Plan) -> Sources:
    """The payload of every build, from its own tree, kept before anything names it."""
    builds = [job for job in plan.jobs if job.kind is JobKind.BUILD]
    found: Sources = {}
    for checkout, folders in standing.by_checkout(job.recipe for job in builds):
        recipes = checkout.recipes(checkout.places[folder] for folder in folders.values())
        archives = {folder: farm.blobs.put_bytes(checkout.archive(folder)) for folder in sorted(recipes)}
        for job in builds:
            if job.recipe in folders:
                folder = folders[job.recipe]
                texts = build_texts(recipes[folder], job.outputs[0].target_platform, job.outputs)
                found[job.key] = (archives[folder], texts)
    return found


def store_jobs(farm: Farm, session: Session, batch: BatchRow, plan: Plan, sources: Sources) -> None:
    """Keep a plan's jobs and who waits for whom; those that wait for nobody are ready at once.

    Raises NameTakenError where a file name was planned before.
    """
    artifacts.plan_names(session, planned_files(plan), batch.id or 0)
    tasks = tasks_of(plan.jobs, history_of(session, (job.recipe for job in plan.jobs)))
    rows = {job.key: job_row(farm, batch, job, sources) for job in plan.jobs}
    rank_new(farm, session, batch, tasks, rows)
    replaced = {identity(member.output): member.artifact for member in plan.decision.members}
    for job in plan.jobs:
        rows[job.key].before = before_of(job, replaced)
    matching.assign(farm, session, rules_of(batch), [(job, rows[job.key]) for job in plan.jobs])
    expect(batch, [(job, rows[job.key]) for job in plan.jobs])
    session.add_all(rows.values())
    session.flush()
    session.add_all(
        JobEdge(parent_id=rows[parent].id or 0, child_id=rows[job.key].id or 0)
        for job in plan.jobs
        for parent in sorted(job.parents)
    )
    expected = of_tasks(farm, session, in_queue(tasks, rows), batch.id).ends
    batch.plan = {"expected": to_json(Span, expected)} | batch.plan  # what was said first stands
    session.add(batch)
    session.flush()


def rules_of(batch: BatchRow) -> tuple[NeedsRule, ...]:
    """What the batch's trees say that jobs ask for, as it was when the batch was opened."""
    return _policy(batch).needs


def _policy(batch: BatchRow) -> Policy:
    basis: Basis | None = from_json(Basis, batch.basis) if batch.basis else None
    return basis.policy if basis else MINIMAL


def expect(batch: BatchRow, planned: Sequence[tuple[PlannedJob, JobRow]]) -> None:
    """Give each new job what the batch's trees expect to fail of it."""
    rules = _policy(batch).expected
    for job, row in planned if rules else ():
        row.expected = [to_json(Expected, entry) for entry in expected_of(job, rules)]


def before_of(job: PlannedJob, replaced: Mapping[Identity, str]) -> dict[str, str]:
    """For a build: each file to the one in the target whose place it takes. ``replaced`` is by identity.

    What a stage before the last makes takes nobody's place.
    """
    if job.kind is not JobKind.BUILD or job.stage:
        return {}
    found = ((f"{o.subdir}/{o.file_name}", replaced.get(identity(o), "")) for o in job.outputs)
    return {file: before for file, before in found if before}


def planned_files(plan: Plan) -> list[str]:
    """``subdir/file name`` of all that a plan builds."""
    return [f"{o.subdir}/{o.file_name}" for job in plan.jobs if job.kind is JobKind.BUILD for o in job.outputs]


def job_row(farm: Farm, batch: BatchRow, job: PlannedJob, sources: Sources) -> JobRow:
    """A job as it stands at first, without its edges."""
    now = farm.now()
    ready = not job.parents
    return JobRow(
        batch_id=batch.id or 0, plan_key=job.key, kind=job.kind.value,
        state=(JobState.READY if ready and batch.state == BatchState.RUNNING else JobState.WAITING).value,
        recipe=job.recipe, name=job.name, subdir=job.subdir, pool=job.pool, wave=job.wave,
        open_parents=len(job.parents), late=job.late, stage=job.stage, order=order_of(job, sources),
        outputs=[to_json(Output, output) for output in job.outputs],
        reasons=_reasons(job), artifact=job.artifact, created_at=now, ready_at=now if ready else None,
    )  # fmt: skip


def _reasons(job: PlannedJob) -> list[object]:
    return [to_json(Reason, reason) for reason in job.reasons]


def order_of(job: PlannedJob, sources: Sources) -> dict[str, object]:
    """The contract's order of a build."""
    if job.kind is not JobKind.BUILD:
        return {}  # a test's order is made when it is claimed: only then the file's digest is known
    first = job.outputs[0]
    digest, texts = sources[job.key]
    order = BuildOrder(
        recipe=job.recipe, source_sha256=digest, recipe_file=texts.recipe_file,
        variant_config=texts.variant_config, translations=texts.translations, target_platform=first.target_platform,
        build_platform=job.pool.split(".", 1)[0], build_number=first.build_number,
        files=tuple(planned_file(output) for output in job.outputs), parents=planned_parents(job),
    )  # fmt: skip
    return order.model_dump(mode="json")


def planned_parents(job: PlannedJob) -> tuple[PlannedParent, ...]:
    """The files of the batch that a build must have in its environments."""
    return tuple(
        _parent(job, Section(section), file)
        for section, files in sorted(job.must_contain.items())
        for file in sorted(files)
    )


def _parent(job: PlannedJob, section: Section, file: str) -> PlannedParent:
    """A planned parent, and which of the job's files must each have it: those that name it in that section."""
    name = _name_of(file)
    users = tuple(o.file_name for o in job.outputs if any(r.name == name for r in o.in_section(section)))
    return PlannedParent(
        name=name, file_name=file, section="build" if section is Section.BUILD else "host", needed_by=users
    )


def planned_file(output: Output) -> PlannedFile:
    """An output as the contract speaks of it."""
    return PlannedFile(
        name=output.name, version=output.version, build=output.build, build_number=output.build_number,
        subdir=output.subdir, file_name=output.file_name, variant=dict(output.variant),
    )  # fmt: skip


def test_order(file: PlannedFile, sha256: str) -> TestOrder:
    """The order to test one file that is in the store."""
    return TestOrder(file=file, sha256=sha256, url=f"/store/{file.subdir}/{file.file_name}")


def _name_of(file_name: str) -> str:
    return file_name.rsplit("-", 2)[0]
