"""Jobs, their edges and their attempts: tables and named queries."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, Update, and_, case, false, func, literal, not_, or_, text, true, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Field, Session, SQLModel, col, select

from controller.domain.batches import BatchState
from controller.domain.errors import NotFoundError
from controller.domain.jobs import ENDED, AttemptState, JobKind, JobState
from controller.storage.batches import BatchRow, lock_batch
from controller.storage.database import BigKey, UtcDateTime
from controller.storage.tables import document, instant, key, maybe_instant


class JobRow(SQLModel, table=True):
    """One claimable piece of work. ``open_parents`` counts the jobs that must pass before it."""

    __tablename__ = "job"
    __table_args__ = (
        Index("job_claim", "pool", "rank", "id", "needs_id", postgresql_where=text("state = 'ready'"),
              sqlite_where=text("state = 'ready'")),
        Index("job_batch_state", "batch_id", "state"),
        Index("job_alone", "state", postgresql_where=text("alone"), sqlite_where=text("alone = 1")),
        Index("job_checking", "batch_id", postgresql_where=text("state = 'checking'"),
              sqlite_where=text("state = 'checking'")),
        Index("job_due", "batch_id", postgresql_where=text("due"), sqlite_where=text("due")),
    )  # fmt: skip

    id: int | None = key()
    batch_id: int = Field(foreign_key="batch.id")
    plan_key: str
    kind: str
    state: str
    recipe: str
    name: str
    subdir: str
    pool: str
    wave: int
    rank: int = Field(default=0, sa_type=BigKey)
    """Smaller starts first; see planning.ordering."""
    height: int = 0
    """Seconds of the longest chain that starts with it."""
    place: int = Field(default=0, sa_type=BigKey)
    """Where it stands in its batch; see planning.ordering."""
    open_parents: int = 0
    late: bool = False
    stage: int = 0
    """Above 0: a build that carries a circle on to its next stage; what it makes is never published."""
    order: dict[str, Any] = document(dict)
    """The contract's order; a test's is completed when the file exists."""
    outputs: list[Any] = document(list)
    reasons: list[Any] = document(list)
    artifact: str = ""
    """``subdir/file name`` that a test or retest is about."""
    before: dict[str, Any] = document(dict)
    """For a build: ``subdir/file name`` to that of the file in the target which it takes the place of."""
    due: bool = False
    """It ended otherwise than the plan hoped; nothing follows from it until the plan was decided again."""
    revision: int = 0
    """The re-decision that added it; 0 for what was planned at once."""
    attempts: int = 0
    losses: int = 0
    failure: str = ""
    """Class of its last failed try."""
    avoid: str = ""
    """The worker that lost it last, where another one serves the pool."""
    alone: bool = False
    """Nothing else is to run on the machine beside it."""
    needs_id: int = 0
    """What it asks of a worker; see storage.needs."""
    limit_times: float = 1.0
    tried: int = 0
    """Tries before a person last asked for one; those since then bound what is repeated."""
    control_of: int = 0
    """For a control: the number of the job that it is run for."""
    compared: dict[str, Any] = document(dict)
    """For a test that did not pass: how it compares with the same test before; see planning.baselines."""
    inputs: str = ""
    """Digest of what a build is made of; see services.known_failures."""
    forced: bool = False
    """A person wants it run though its inputs are known to fail."""
    outcome: str = ""
    phase: str = ""
    message: str = ""
    failing: list[Any] = document(list)
    expected: list[Any] = document(list)
    """What its tree expects to fail of it; see domain.expected."""
    remark: str = ""
    """What is said of how it ended, in a word of ``RemarkKind``; empty where nothing is."""
    remarks: list[Any] = document(list)
    created_at: datetime = instant()
    ready_at: datetime | None = maybe_instant()
    started_at: datetime | None = maybe_instant()
    ended_at: datetime | None = maybe_instant()

    @property
    def public(self) -> str:
        """The id people use."""
        return f"J-{self.id}"


class JobEdge(SQLModel, table=True):
    """``child`` waits for ``parent`` to pass."""

    __tablename__ = "job_edge"

    parent_id: int = Field(foreign_key="job.id", primary_key=True)
    child_id: int = Field(foreign_key="job.id", primary_key=True, index=True)


class AttemptRow(SQLModel, table=True):
    """One try under a numbered lease. ``id`` is ``J-7.2`` for the second lease of job 7."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("attempt_lease", "lease_until", postgresql_where=text("state = 'leased'"),
              sqlite_where=text("state = 'leased'")),
        Index("attempt_ended", "ended_at"),
        Index("attempt_leased_at", "leased_at"),
    )  # fmt: skip

    id: str = Field(primary_key=True)
    job_id: int = Field(foreign_key="job.id", index=True)
    lease: int
    worker: str = Field(index=True)
    state: str
    token_sha256: str
    phase: str = ""
    outcome: str = ""
    message: str = ""
    failure: str = ""
    act: str = ""
    act_reason: str = ""
    report: dict[str, Any] = document(dict)
    leased_at: datetime = instant()
    lease_until: datetime = instant()
    ended_at: datetime | None = maybe_instant()


def number_of(job: str) -> int:
    """7 for ``J-7``. Raises NotFoundError for what is no job id."""
    head, _, tail = job.partition("-")
    if head.upper() != "J" or not tail.isdigit():
        raise NotFoundError(f"'{job}' is no job id.", remedy="Job ids look like J-7; see `farm batch view B-...`.")
    return int(tail)


def find_job(session: Session, job: str) -> JobRow:
    """The job. Raises NotFoundError."""
    row = session.get(JobRow, number_of(job))
    if row is None:
        raise NotFoundError(f"There is no job {job}.", remedy="See `farm batch view B-...`.")
    return row


def job_by_number(session: Session, number: int) -> JobRow:
    """The job, by its number, locked for this transaction."""
    return session.exec(select(JobRow).where(JobRow.id == number).with_for_update()).one()


def batch_of(session: Session, number: int) -> int:
    """The number of a job's batch."""
    return session.exec(select(JobRow.batch_id).where(JobRow.id == number)).one()


def find_attempt(session: Session, attempt: str, *, lock: bool = False) -> AttemptRow:
    """The attempt. Raises NotFoundError."""
    query = select(AttemptRow).where(AttemptRow.id == attempt)
    row = session.exec(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFoundError(f"There is no attempt {attempt}.", remedy="The farm was set up anew, or the id is wrong.")
    return row


def attempt_and_job(session: Session, attempt: str, *, lock: bool = False) -> tuple[AttemptRow, JobRow]:
    """The attempt, locked if asked, and its job. Raises NotFoundError."""
    query = select(AttemptRow, JobRow).join(JobRow, col(JobRow.id) == col(AttemptRow.job_id))
    query = query.where(AttemptRow.id == attempt)
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFoundError(f"There is no attempt {attempt}.", remedy="The farm was set up anew, or the id is wrong.")
    return found


def lock_batch_of(session: Session, attempt: str) -> None:
    """Hold the batch of an attempt's job, as everybody does who ends a job. Raises NotFoundError."""
    job = session.exec(select(JobRow.batch_id).join(AttemptRow).where(AttemptRow.id == attempt)).first()
    if job is None:
        raise NotFoundError(f"There is no attempt {attempt}.", remedy="The farm was set up anew, or the id is wrong.")
    lock_batch(session, job)


def jobs_of_batch(session: Session, batch_id: int) -> list[JobRow]:
    """All jobs of a batch, in waves."""
    query = select(JobRow).where(JobRow.batch_id == batch_id).order_by(col(JobRow.wave), col(JobRow.id))
    return list(session.exec(query).all())


def jobs_named(session: Session, batch_id: int, name: str) -> list[JobRow]:
    """The jobs of a batch that are about one package."""
    query = select(JobRow).where(JobRow.batch_id == batch_id, JobRow.name == name).order_by(col(JobRow.id))
    return list(session.exec(query).all())


def counts_by_state(session: Session, batch_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Batch id to state to number of jobs."""
    query = (
        select(JobRow.batch_id, JobRow.state, func.count())
        .where(col(JobRow.batch_id).in_(batch_ids))
        .group_by(col(JobRow.batch_id), col(JobRow.state))
    )
    counts: dict[int, dict[str, int]] = {number: {} for number in batch_ids}
    for batch_id, state, number in session.exec(query).all():
        counts[batch_id][state] = number
    return counts


def has_open_jobs(session: Session, batch_id: int) -> bool:
    """Whether any job of the batch has not ended, or ended so that the plan must be decided again."""
    is_open = or_(col(JobRow.state).not_in([state.value for state in ENDED]), col(JobRow.due))
    query = select(JobRow.id).where(JobRow.batch_id == batch_id, is_open).limit(1)
    return session.exec(query).first() is not None


def of_recipes(names: Iterable[str]) -> Any:
    """The condition that a job is of one of these recipes, whichever of a farm's trees it is seen from."""
    folders = sorted(names)
    return or_(
        col(JobRow.recipe).in_(folders),
        *(col(JobRow.recipe).endswith(f":{folder}", autoescape=True) for folder in folders),
    )


def move_job(session: Session, job_id: int, sources: Sequence[JobState], to: JobState, **values: Any) -> bool:
    """Guarded write of a state: only from ``sources``. False when somebody else was first."""
    done = session.exec(
        update(JobRow)
        .where(col(JobRow.id) == job_id, col(JobRow.state).in_([s.value for s in sources]))
        .values(state=to.value, **values)
        .execution_options(synchronize_session="fetch")
    )
    return done.rowcount == 1


def end_attempt(session: Session, attempt: AttemptRow, to: AttemptState, now: Any, **values: Any) -> bool:
    """End a leased attempt; the state in the WHERE is the fence. False when it had ended already."""
    written = values | {"state": to.value}
    ended_at = session.scalars(
        update(AttemptRow)
        .where(col(AttemptRow.id) == attempt.id, col(AttemptRow.state) == AttemptState.LEASED.value)
        .values(**written, ended_at=now)
        .returning(col(AttemptRow.ended_at))
        .execution_options(synchronize_session=False)
    ).first()
    if ended_at is None:
        return False
    for name, value in (written | {"ended_at": ended_at}).items():
        set_committed_value(attempt, name, value)
    return True


def renew(session: Session, attempt: str, lease: int, until: Any, phase: str) -> bool:
    """Renew a lease that is still the newest and running. False: it is lost."""
    done = session.exec(
        update(AttemptRow)
        .where(
            col(AttemptRow.id) == attempt,
            col(AttemptRow.lease) == lease,
            col(AttemptRow.state) == AttemptState.LEASED.value,
        )
        .values(lease_until=until, phase=phase)
    )
    return done.rowcount == 1


def lapsed(session: Session, now: datetime) -> list[str]:
    """Ids of the leased attempts whose lease has run out."""
    query = select(AttemptRow.id).where(
        AttemptRow.state == AttemptState.LEASED.value, col(AttemptRow.lease_until) < now
    )
    return list(session.exec(query).all())


def count_leased(session: Session) -> int:
    """How many attempts are under way."""
    return session.exec(select(func.count()).where(AttemptRow.state == AttemptState.LEASED.value)).one()


def overdue(session: Session, kinds: Sequence[str], now: datetime, seconds: float) -> list[str]:
    """Ids of the leased attempts of jobs of these kinds that were claimed longer ago, times the job's own limit."""
    query = (
        select(AttemptRow.id, AttemptRow.leased_at, JobRow.limit_times)
        .join(JobRow, col(JobRow.id) == col(AttemptRow.job_id))
        .where(
            AttemptRow.state == AttemptState.LEASED.value, col(AttemptRow.leased_at) < now - timedelta(seconds=seconds),
            col(JobRow.kind).in_(kinds),
        )
    )  # fmt: skip
    rows = session.exec(query).all()
    return [attempt for attempt, since, times in rows if since < now - timedelta(seconds=seconds * times)]


def has_alone(session: Session) -> bool:
    """Whether any job that is to have a machine of its own could start, or runs."""
    states = (JobState.READY.value, JobState.RUNNING.value)
    return (
        session.exec(select(JobRow.id).where(col(JobRow.alone), col(JobRow.state).in_(states)).limit(1)).first()
        is not None
    )


def held_by(session: Session, names: Sequence[str]) -> list[bool]:
    """Of each lease that these workers hold, whether its job is to be alone."""
    query = (
        select(JobRow.alone)
        .join(AttemptRow, col(AttemptRow.job_id) == col(JobRow.id))
        .where(AttemptRow.state == AttemptState.LEASED.value, col(AttemptRow.worker).in_(names))
    )
    return list(session.exec(query).all())


def renew_all(session: Session, until: Any) -> int:
    """After the controller's own absence no worker shall pay for it: every lease ends at ``until``, none sooner.

    None later either: when the database's clock was set back, leases of before would last for as long again.
    """
    done = session.exec(
        update(AttemptRow)
        .where(col(AttemptRow.state) == AttemptState.LEASED.value)
        .values(lease_until=until)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


def children_of(session: Session, job_ids: Iterable[int]) -> list[int]:
    """Ids of the jobs that wait for any of these."""
    query = select(JobEdge.child_id).where(col(JobEdge.parent_id).in_(list(job_ids))).distinct()
    return list(session.exec(query).all())


def parents_of(session: Session, job_ids: Iterable[int]) -> list[int]:
    """Ids of the jobs that any of these waits for."""
    query = select(JobEdge.parent_id).where(col(JobEdge.child_id).in_(list(job_ids))).distinct()
    return list(session.exec(query).all())


def edges_of_batch(session: Session, batch_id: int) -> dict[int, tuple[int, ...]]:
    """Job id to the ids of the jobs it waits for."""
    query = (
        select(JobEdge.child_id, JobEdge.parent_id)
        .join(JobRow, col(JobRow.id) == col(JobEdge.child_id))
        .where(JobRow.batch_id == batch_id)
    )
    parents: dict[int, tuple[int, ...]] = {}
    for child, parent in session.exec(query).all():
        parents[child] = (*parents.get(child, ()), parent)
    return parents


def jobs_by_ids(session: Session, ids: Sequence[int]) -> list[JobRow]:
    """These jobs, in waves."""
    query = select(JobRow).where(col(JobRow.id).in_(ids)).order_by(col(JobRow.wave), col(JobRow.id))
    return list(session.exec(query).all())


def count_down(session: Session, parent_id: int, now: datetime, *, held: bool = False) -> list[int]:
    """A parent passed: its waiting children have one less to wait for. Answers the ids that became ready.

    In a batch that is held none does.
    """
    last = and_(col(JobRow.state) == JobState.WAITING.value, col(JobRow.open_parents) <= 1, false() if held else true())
    counted = session.exec(
        update(JobRow)
        .where(col(JobRow.id).in_(select(JobEdge.child_id).where(JobEdge.parent_id == parent_id)))
        .values(
            open_parents=JobRow.open_parents - 1,
            state=case((last, JobState.READY.value), else_=JobRow.state),
            ready_at=case((last, literal(now, UtcDateTime())), else_=JobRow.ready_at),
        )
        .returning(col(JobRow.id), col(JobRow.state))
        .execution_options(synchronize_session=False)
    ).all()
    _forget_children(session, parent_id)
    return [number for number, state in counted if state == JobState.READY]


def _forget_children(session: Session, parent_id: int) -> None:
    """Statements have written the children past this session: those that it has loaded are read again when asked."""
    loaded = {row.id: row for row in session.identity_map.values() if isinstance(row, JobRow)}
    loaded.pop(parent_id, None)
    for row in loaded.values():
        session.expire(row)


def hold_ready(session: Session, batch_id: int) -> list[int]:
    """All ready jobs of a batch wait. Answers their ids."""
    held = (
        update(JobRow)
        .where(col(JobRow.batch_id) == batch_id, col(JobRow.state) == JobState.READY.value)
        .values(state=JobState.WAITING.value)
    )
    return _moved(session, held)


def let_start(session: Session, batch_id: int, now: datetime) -> list[int]:
    """All jobs of a batch that wait for nothing are ready. Answers their ids."""
    free = (
        update(JobRow)
        .where(
            col(JobRow.batch_id) == batch_id, col(JobRow.state) == JobState.WAITING.value,
            col(JobRow.open_parents) <= 0,
        )
        .values(state=JobState.READY.value, ready_at=now)
    )  # fmt: skip
    return _moved(session, free)


def _moved(session: Session, moving: Update) -> list[int]:
    found = session.exec(moving.returning(col(JobRow.id)).execution_options(synchronize_session=False)).all()
    session.expire_all()
    return sorted(row[0] for row in found)


def ready_by_pool(session: Session, paused: Collection[str] = ()) -> dict[str, int]:
    """Pool to number of ready jobs, less those of these recipes."""
    query = select(JobRow.pool, func.count()).where(JobRow.state == JobState.READY.value).group_by(col(JobRow.pool))
    return dict(session.exec(query.where(not_(of_recipes(paused))) if paused else query).all())


def oldest_ready(session: Session, paused: Collection[str] = ()) -> dict[str, datetime]:
    """Pool to the instant since which its oldest ready job could start, less those of these recipes."""
    query = (
        select(JobRow.pool, func.min(JobRow.ready_at))
        .where(JobRow.state == JobState.READY.value)
        .group_by(col(JobRow.pool))
    )
    query = query.where(not_(of_recipes(paused))) if paused else query
    return {pool: since for pool, since in session.exec(query).all() if since is not None}


def running_by_pool(session: Session) -> dict[str, int]:
    """Pool to number of running jobs."""
    query = select(JobRow.pool, func.count()).where(JobRow.state == JobState.RUNNING.value).group_by(col(JobRow.pool))
    return dict(session.exec(query).all())


def counts_of_all(session: Session) -> dict[str, int]:
    """State to number of jobs, over all batches that run."""
    query = (
        select(JobRow.state, func.count())
        .join(BatchRow, col(BatchRow.id) == col(JobRow.batch_id))
        .where(BatchRow.state == BatchState.RUNNING.value)
        .group_by(col(JobRow.state))
    )
    return dict(session.exec(query).all())


def attempts_of(session: Session, job_id: int) -> list[AttemptRow]:
    """All tries of a job, first first."""
    query = select(AttemptRow).where(AttemptRow.job_id == job_id).order_by(col(AttemptRow.lease))
    return list(session.exec(query).all())


def newest_attempts(session: Session, job_ids: Sequence[int]) -> dict[int, AttemptRow]:
    """Job id to its newest attempt."""
    query = select(AttemptRow).where(col(AttemptRow.job_id).in_(job_ids)).order_by(col(AttemptRow.lease))
    return {row.job_id: row for row in session.exec(query).all()}


def remarks_on(session: Session, batch_ids: Iterable[int]) -> dict[str, Sequence[Any]]:
    """``subdir/file name`` to what is said of how its test job ended, of what these batches built."""
    query = select(JobRow.artifact, JobRow.remarks).where(
        col(JobRow.batch_id).in_(sorted(batch_ids)), JobRow.kind == JobKind.TEST.value, JobRow.remark != ""
    )
    return dict(session.exec(query).all())


def remarked(session: Session, batch_id: int) -> dict[int, Sequence[Any]]:
    """Number of each job of a batch of which something is said, to what."""
    query = select(JobRow.id, JobRow.remarks).where(JobRow.batch_id == batch_id, JobRow.remark != "")
    return {number or 0: remarks for number, remarks in session.exec(query.order_by(col(JobRow.id))).all()}
