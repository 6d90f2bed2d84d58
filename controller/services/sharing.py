"""The order of the queue: each batch has a share of the farm, from which the ranks of its jobs follow.

Ranks are kept with the jobs. A batch is ranked when it is opened or released, when a person gives it another priority,
and by the loop when its share is another, since its person has more batches or fewer, or had more than others of late.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from controller.domain.batches import BatchState
from controller.domain.errors import IllegalMoveError
from controller.domain.priorities import LANES, Bump, Lane, Priority
from controller.planning import ordering
from controller.planning.forecast import Task
from controller.planning.ordering import REMEMBERED, Laid, Share, Used
from controller.services.farm import Farm
from controller.services.one_by_one import one_by_one
from controller.storage import batches, events, shares, workers
from controller.storage.batches import BatchRow
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from controller.storage.shares import Sharing
from controller.storage.tables import from_json, to_json
from workers.contract.platforms import pool_subdir

_USED_ANEW = timedelta(minutes=1)
_OPEN = frozenset({BatchState.HELD, BatchState.RUNNING})


def share_of(batch: BatchRow | Sharing) -> Share | None:
    """What the batch has now; None for one that was never ranked."""
    return from_json(Share, batch.share) if batch.share else None


def rank_new(farm: Farm, session: Session, batch: BatchRow, tasks: Sequence[Task], rows: Mapping[str, JobRow]) -> None:
    """Give a batch that is being opened its share, and its jobs, by the keys of their tasks, their ranks."""
    laid = _laid(tasks)
    places, share = ordering.places(laid), _wanted_alone(farm, session, batch)
    share = replace(share, starts=_now(session, share.lane, {task.pool for task in tasks}, batch.id))
    for job in laid:
        row = rows[job.key]
        row.height, row.place = round(job.height), places[job.key]
        row.rank = ordering.order(share, job.platform, job.height, row.place, None).rank
    _keep(session, batch, share)


def supposed(session: Session, tasks: Sequence[Task]) -> list[Task]:
    """Tasks of a plan with the ranks that they would have if somebody new pushed it now."""
    now = _now(session, LANES[Priority.NORMAL], {task.pool for task in tasks}, None)
    share, places = Share(Priority.NORMAL, starts=now), ordering.places(_laid(tasks))
    return [
        task._replace(rank=ordering.order(share, pool_subdir(task.pool), -task.rank, places[task.key], None).rank)
        for task in tasks
    ]


def rank_among(farm: Farm, session: Session, batch: BatchRow, rows: Iterable[JobRow], moved: Mapping[int, int]) -> None:
    """Jobs that a new decision of the batch added or hung otherwise find their places among its others.

    ``rows`` are all that the batch has; ``moved`` is their ids to their heights.
    """
    share = share_of(batch) or _wanted_alone(farm, session, batch)
    known: dict[str, list[tuple[float, int]]] = {}
    for row in rows:
        if row.id not in moved:
            known.setdefault(pool_subdir(row.pool), []).append((row.height, row.place))
    pools = {row.pool for row in rows}
    new = {platform for platform in map(pool_subdir, pools) if platform not in share.starts}
    now = _now(session, share.lane, {pool for pool in pools if pool_subdir(pool) in new}, batch.id) if new else {}
    share = replace(share, starts={**now, **share.starts})
    for row in rows:
        if row.id in moved:
            row.height, platform = moved[row.id or 0], pool_subdir(row.pool)
            row.place = ordering.inserted(known.get(platform, ()), row.height)
            row.rank = ordering.order(share, platform, row.height, row.place, row.ready_at).rank
            session.add(row)
    _keep(session, batch, share)


def bump(farm: Farm, batch: str, to: Priority, *, who: str, why: str) -> None:
    """Give a batch another priority; what waits is ranked by it at once. Raises IllegalMoveError for one that ended."""
    with farm.transaction() as session:
        row = batches.find_batch(session, batch, lock=True)
        if BatchState(row.state) not in _OPEN:
            raise IllegalMoveError(f"{row.name} has ended: it is {row.state}.", remedy="Nothing of it waits any more.")
        said = Bump(to, Priority(row.priority), who, why, farm.now())
        row.priority, row.bumps = to.value, [*row.bumps, to_json(Bump, said)]
        begin_anew(farm, session, row)
        events.note(
            session, farm.now(), "batch.bumped", batch=row.name, state=row.state, priority=to.value,
            before=said.before.value, who=who, why=why,
        )  # fmt: skip


def begin_anew(farm: Farm, session: Session, batch: BatchRow) -> None:
    """Rank what is left of a batch as if it were opened now."""
    _rerank(session, batch, _wanted_alone(farm, session, batch), stays=False)


def share_out(farm: Farm) -> None:
    """Rank the batches whose share is another than it was."""
    with farm.reading() as session:
        running = shares.sharing(session)
        wanted = _wanted(farm, session, running)
    others = [batch.id for batch in running if not _is_like(share_of(batch), wanted[batch.id])]
    one_by_one(others, lambda number: _share_anew(farm, number, wanted[number]))


def _is_like(known: Share | None, wanted: Share) -> bool:
    return known is not None and known.is_like(wanted)


def _laid(tasks: Sequence[Task]) -> list[Laid]:
    """``tasks`` as a plan has them: ranked by their heights."""
    return [Laid(task.key, pool_subdir(task.pool), -task.rank, task.duration.mean) for task in tasks]


def _share_anew(farm: Farm, number: int, share: Share) -> None:
    with farm.transaction() as session:
        row = batches.find_batch(session, f"B-{number}", lock=True)
        if row.state == BatchState.RUNNING and Priority(row.priority) in (share.priority, Priority.BACKGROUND):
            _rerank(session, row, share, stays=True)


def _rerank(session: Session, batch: BatchRow, share: Share, *, stays: bool) -> None:
    """``stays``: in a lane it goes on where it stood."""
    known, number = share_of(batch), batch.id or 0
    left = shares.firsts(session, number)
    pools = shares.by_platform(left)
    first = {platform: min(left[pool] for pool in of) for platform, of in pools.items()}
    goes_on = stays and known is not None and known.lane is share.lane and known.starts.keys() >= first.keys()
    now = None if goes_on else _now(session, share.lane, left, number)
    share = ordering.moved_on(known or share, share, first, now)
    for platform, of in pools.items():
        shares.rank_anew(session, number, of, share.base(platform), share.cost)
    _keep(session, batch, share)


def _keep(session: Session, batch: BatchRow, share: Share) -> None:
    batch.share = to_json(Share, share)
    session.add(batch)
    session.flush()


def _wanted_alone(farm: Farm, session: Session, batch: BatchRow) -> Share:
    """The share of one batch, as if it ran."""
    others = [other for other in shares.sharing(session) if other.id != batch.id]
    own = Sharing(batch.id or 0, batch.author, batch.priority, batch.share, batch.created_at)
    return _wanted(farm, session, [*others, own])[own.id]


def _wanted(farm: Farm, session: Session, running: Sequence[Sharing]) -> dict[int, Share]:
    """Batch to the share it ought to have, if these run; where each begins is left open."""
    background = timedelta(hours=farm.rules.background_hours)
    forced = {b.id: ordering.in_force(Priority(b.priority), b.created_at, farm.now(), background) for b in running}
    plain = {number: Share(priority) for number, priority in forced.items()}
    loads = ordering.loads(_used(farm, session), {batch.author for batch in running})
    beside: dict[tuple[str, Lane], int] = {}
    for batch in running:
        key = batch.author, plain[batch.id].lane
        beside[key] = beside.get(key, 0) + 1
    return {
        batch.id: replace(
            plain[batch.id], crowd=ordering.crowd(beside[batch.author, plain[batch.id].lane]), load=loads[batch.author]
        )
        for batch in running
    }


def _used(farm: Farm, session: Session) -> Mapping[str, float]:
    """What each person had of late; as it was up to a minute ago."""
    kept = farm.used
    if kept is None or not timedelta() <= farm.now() - kept[0] < _USED_ANEW:
        rows = shares.used_since(session, farm.now() - REMEMBERED)
        farm.used = kept = (farm.now(), ordering.had_of_late((Used(*row) for row in rows), farm.now()))
    return kept[1]


def _now(session: Session, lane: Lane, pools: Iterable[str], batch: int | None) -> dict[str, int]:
    """Platform to where the queue of a lane stands there, for a batch with work in these pools."""
    others = [known for b in shares.sharing(session) if b.id != batch and (known := share_of(b)) and known.lane is lane]
    served = {pool for worker in workers.all_workers(session) for pool in worker.pools}
    found = {}
    for platform, own in shares.by_platform(pools).items():
        beside = {pool for pool in served if pool_subdir(pool) == platform}
        lowest = shares.lowest_ready(session, {*own, *beside}, ordering.lane_span(lane))
        starts = (share.starts[platform] for share in others if platform in share.starts)
        found[platform] = ordering.virtual_time(lane, lowest, starts)
    return found
