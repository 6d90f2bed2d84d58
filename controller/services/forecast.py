"""What a plan or a batch will take, from what the farm has measured; and the measuring itself."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from controller.domain.forecasts import Forecast, Holding
from controller.domain.jobs import JobKind, JobState
from controller.domain.plans import Plan
from controller.gateways.bodies import uncollected
from controller.planning.breaker import holding
from controller.planning.durations import History, folder_of, work_of
from controller.planning.forecast import Other, Task, crews_of, forecast, tasks_of
from controller.services.farm import Farm
from controller.services.sharing import supposed
from controller.storage import durations, open_jobs, workers
from controller.storage.database import Session
from controller.storage.jobs import AttemptRow, JobRow
from controller.storage.open_jobs import OpenJob, Rest

_KINDS = {kind.value: kind for kind in JobKind}
_WORKING = frozenset({"idle", "busy"})
_BATCHES_BEFORE = 20
"""So many batches of a tree tell what is usual for it."""
_LATELY, _MANY_JOBS = timedelta(seconds=15), 1000
_MANY = 2**40
"""More than there will ever be jobs: ranks are whole numbers."""
_NAMED = 1000
"""So many open jobs of other batches are looked at one by one; of those after them only the number."""


def learn(farm: Farm, session: Session, job: JobRow, attempt: AttemptRow, memory_bytes: int = 0) -> None:
    """A try passed: how long it kept its worker is kept, and its memory. To be the last that its transaction does.

    What is shared between processes was counted for each, so a worker's memory bounds what is believed.
    """
    ended_at = attempt.ended_at or farm.database.clock(session)
    seconds = (ended_at - attempt.leased_at).total_seconds()
    work = work_of(_KINDS[job.kind], job.recipe, job.name, job.subdir)
    durations.learn(session, work, seconds, farm.now())
    if memory_bytes > 0:
        there = int(workers.find_worker(session, attempt.worker).machine.get("memory_bytes", 0))
        durations.learn_memory(session, work, min(memory_bytes, there) if there else memory_bytes)


def history_of(session: Session, recipes: Iterable[str]) -> History:
    """What was measured of these recipes."""
    return durations.history(session, {folder_of(recipe) for recipe in recipes})


def of_plan(farm: Farm, plan: Plan) -> Forecast:
    """What a push of this plan would take if it were opened now."""
    with farm.reading() as session, uncollected():
        tasks = tasks_of(plan.jobs, history_of(session, (job.recipe for job in plan.jobs)))
        ranked = supposed(session, tasks) if tasks else tasks
        return of_tasks(
            farm, session, [task._replace(rank=_ordered(round(task.rank), _MANY - 1)) for task in ranked], None
        )


def holding_of(farm: Farm, session: Session, tree: str, plan: Plan) -> Holding | None:
    """Why a push of this plan waits for a person, or None: asked of the tree's last batches."""
    rules = farm.rules
    before = open_jobs.sizes_before(session, tree, _BATCHES_BEFORE)
    return holding(len(plan.jobs), rules.circuit_breaker_jobs, rules.circuit_breaker_times, before)


def of_batch(farm: Farm, session: Session, batch_id: int) -> Forecast:
    """What is left of a batch. Broken jobs, and those that wait for their repair, are no part of it."""
    jobs = open_jobs.of_batch(session, batch_id)
    if not jobs:
        return Forecast()
    with uncollected():
        known = history_of(session, (job.recipe for job in jobs))
        parents = open_jobs.parents_in(session, batch_id)
        tasks = [_task(job, parents.get(job.id, ()), known, farm.now()) for job in jobs]
        return of_tasks(farm, session, tasks, batch_id)


def lately_of_batch(farm: Farm, session: Session, batch_id: int) -> Forecast:
    """The same; of a batch of many jobs as it was up to some seconds ago, since every look at its page asks."""
    kept = farm.forecasts.get(batch_id)
    if kept is not None and farm.now() - kept[0] < _LATELY:
        return kept[1]
    found = of_batch(farm, session, batch_id)
    if sum(found.jobs.values()) > _MANY_JOBS:
        farm.forecasts[batch_id] = (farm.now(), found)
    else:
        farm.forecasts.pop(batch_id, None)
    return found


def of_tasks(farm: Farm, session: Session, tasks: Sequence[Task], batch_id: int | None) -> Forecast:
    """What these jobs, of this batch or of none yet, take beside all others on the workers there are."""
    serving = [row.pools for row in workers.all_workers(session) if row.state in _WORKING]
    pools = sorted({task.pool for task in tasks})
    named, rest = open_jobs.elsewhere(session, pools, batch_id, _NAMED) if pools else ([], [])
    known = history_of(session, (job.recipe for job in named))
    others = [_other(job, known, farm.now()) for job in named]
    for some in rest:
        others += _counted(some, others[:_NAMED], sum(some.pool in pools for pools in serving))
    return forecast(tasks, crews_of(serving), others)


def _task(job: OpenJob, parents: Iterable[int], history: History, now: datetime) -> Task:
    kind = _KINDS[job.kind]
    duration = history.expected(kind, job.recipe, job.name, job.subdir)
    return Task(
        _key(job.id), kind, job.name, job.subdir, job.pool, duration, frozenset(map(_key, parents)),
        _rank(job), _elapsed(job, now),
    )  # fmt: skip


def _key(number: int) -> str:
    return f"J-{number}"


def in_queue(tasks: Sequence[Task], rows: Mapping[str, JobRow]) -> list[Task]:
    """Tasks ranked as the rows of their keys are."""
    return [task._replace(rank=_ordered(rows[task.key].rank, rows[task.key].id or 0)) for task in tasks]


def _rank(job: OpenJob) -> float:
    return _ordered(job.rank, job.id)


def _ordered(rank: int, number: int) -> int:
    """Of equal ranks the older job starts first. A whole number: no other holds all digits."""
    return rank * _MANY + number


def _elapsed(job: OpenJob, now: datetime) -> float | None:
    if job.state != JobState.RUNNING or job.started_at is None:
        return None
    return max((now - job.started_at).total_seconds(), 0.0)


def _other(job: OpenJob, history: History, now: datetime) -> Other:
    """One of another batch. What it waits for is not asked: it is thought to be ready, which makes it no later."""
    duration, elapsed = history.expected(_KINDS[job.kind], job.recipe, job.name, job.subdir), _elapsed(job, now)
    seconds = duration.mean if elapsed is None else duration.left(elapsed)
    return Other(f"B-{job.batch_id}", job.pool, _rank(job), seconds, elapsed=elapsed is not None)


def _counted(rest: Rest, named: Sequence[Other], workers: int) -> list[Other]:
    """Those that were only counted take as long as those that were looked at; each worker has its share of them."""
    mean = sum(other.seconds for other in named) / len(named)
    share, more = divmod(rest.jobs, max(workers, 1))
    shares = [share + (number < more) for number in range(max(workers, 1))]
    rank = max(rest.rank * _MANY, named[-1].rank)  # they come after those that were looked at
    return [Other(f"B-{rest.batch_id}", rest.pool, rank, mean, jobs) for jobs in shares if jobs]
