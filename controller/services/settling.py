"""A batch whose every job has ended gets its verdict, and what is safe of it is published to testing."""

from collections.abc import Iterator, Mapping

from controller.domain.batches import BatchEvent, BatchState
from controller.domain.channels import TESTING
from controller.domain.circle_words import deadlock_reason
from controller.domain.jobs import SETTLED, JobKind, JobState
from controller.domain.plans import Deadlock
from controller.domain.recipes import Output
from controller.domain.verdicts import StaysBehind
from controller.planning.as_expected import came_as_expected
from controller.planning.holdings import file_of
from controller.planning.moved_base import Overtaken
from controller.planning.subset import JobEnd, Subset, largest_safe_subset
from controller.services import channels
from controller.services.farm import Farm
from controller.services.hindsight import find_users
from controller.services.overtaken import DUE
from controller.services.overtaken import overtaken as find_overtaken
from controller.services.requests import move_batch
from controller.storage import artifacts, batches, jobs
from controller.storage import channels as stored
from controller.storage.artifacts import ArtifactRow
from controller.storage.batches import BatchRow
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from controller.storage.tables import from_json, to_json

_UNBROKEN = SETTLED | {JobState.CANCELLED}


def settle(farm: Farm, batch: str) -> None:
    """Give the verdict once: whole, the largest safe subset, or nothing. Done already, it changes nothing."""
    with farm.transaction() as session:
        stored.lock_channel(session, TESTING)
        row = batches.find_batch(session, batch, lock=True)
        if row.state != BatchState.RUNNING or jobs.has_open_jobs(session, row.id or 0):
            return
        ended = [job for job in jobs.jobs_of_batch(session, row.id or 0) if job.state != JobState.NOT_NEEDED]
        mine = [built for built in artifacts.of_batch(session, row.id or 0) if not built.stage]
        overtaken = find_overtaken(farm, session, row, mine)
        ends = _ends(session, row, ended)
        subset = _subset(farm, session, ends, ended, mine, overtaken)
        if any(overtaken.outdated.get(stays.file) == stays.reason for stays in subset.stays):
            row.again = DUE
            session.add(row)
        new = subset.publish - set(row.published)  # a retried batch has published some of it before
        if new:
            files = artifacts.find_files(session, new)
            why = f"{row.name} settled"
            channels.publish(farm, session, TESTING, files, batch_id=row.id, who="farm", why=why)
        move_batch(
            farm, session, row, _event(row, ends, subset), settled_at=farm.now(), published=sorted(subset.publish),
            stays=[to_json(StaysBehind, stays) for stays in subset.stays],
        )  # fmt: skip


def _subset(
    farm: Farm, session: Session, ends: list[JobEnd], ended: list[JobRow], mine: list[ArtifactRow],
    overtaken: Overtaken,
) -> Subset:  # fmt: skip
    _, base = farm.standings.base(session)
    published = set(map(file_of, base))
    return largest_safe_subset(
        ends,
        base,
        [row.value() for row in mine if row.file not in published],
        upstream=bool(farm.rules.upstream),
        broken=find_users(farm, session, mine, _answers(ended)),
        overtaken=overtaken.reasons,
    )


def _ends(session: Session, batch: BatchRow, ended: list[JobRow]) -> list[JobEnd]:
    parents, answers = jobs.edges_of_batch(session, batch.id or 0), _answers(ended)
    return [*(_end(job, parents.get(job.id or 0, ()), answers) for job in ended), *_never_built(batch)]


def _answers(ended: list[JobRow]) -> dict[str, tuple[str, ...]]:
    """File of the target to the files that were to take its place."""
    found: dict[str, tuple[str, ...]] = {}
    for job in ended:
        for file, before in job.before.items():
            found[before] = (*found.get(before, ()), file)
    return found


def _end(job: JobRow, parents: tuple[int, ...], answers: Mapping[str, tuple[str, ...]]) -> JobEnd:
    kind = JobKind(job.kind)
    return JobEnd(
        kind=kind, name=job.name, subdir=job.subdir, state=JobState(job.state),
        files=_planned(job) if kind is JobKind.BUILD else (job.artifact,), id=job.public,
        parents=tuple(f"J-{parent}" for parent in parents),
        replaced_by=answers.get(job.artifact, ()) if job.state == JobState.ESCALATED else (),
        why=f"{job.message[:1].upper()}{job.message[1:]}." if job.state == JobState.CANCELLED else "",
    )  # fmt: skip


def _never_built(batch: BatchRow) -> Iterator[JobEnd]:
    """What stands in a circle that nothing old opens, or needs what does, as if its build were blocked."""
    for kept in batch.plan.get("deadlocks", ()):
        deadlock: Deadlock = from_json(Deadlock, kept)
        for file in deadlock.files:
            subdir, _, stem = file.partition("/")
            name = stem.rsplit("-", 2)[0]
            yield JobEnd(JobKind.BUILD, name, subdir, JobState.BLOCKED, (file,), why=deadlock_reason(deadlock))


def _planned(job: JobRow) -> tuple[str, ...]:
    """What it is to publish: nothing, where it only carries a circle on."""
    if job.stage:
        return ()
    outputs = [from_json(Output, data) for data in job.outputs]
    return tuple(f"{output.subdir}/{output.file_name}" for output in outputs)


def _event(batch: BatchRow, ends: list[JobEnd], subset: Subset) -> BatchEvent:
    states = {end.state for end in ends}
    if (not subset.stays and states <= SETTLED) or came_as_expected(ends, subset.stays):
        return BatchEvent.SETTLE_WHOLE
    if not subset.publish and states <= _UNBROKEN and not batch.plan.get("deadlocks"):
        return BatchEvent.CANCEL  # nothing broke: others were first, or a newer push has it all
    return BatchEvent.SETTLE_PARTLY if subset.publish else BatchEvent.SETTLE_EMPTY
