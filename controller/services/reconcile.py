"""The tick: the only place that closes things and notices what is lost. All recovery is by looking.

Every step has a transaction per item, so that one bad item stops no other.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from controller.domain.batches import BatchState
from controller.domain.jobs import TESTS, JobKind
from controller.services import (
    baselines,
    bursts,
    following,
    idling,
    leading,
    leases,
    overtaken,
    pausing,
    quarantining,
    redeciding,
    settling,
    sharing,
    watching,
    workers,
)
from controller.services.farm import Farm, Looked
from controller.services.one_by_one import one_by_one
from controller.storage import batches, jobs, pauses

_TIMES = 2
"""The worker itself ends a child at the limit; as much again is for fetching, uploading, and for waiting for us."""
Step = tuple[str, Callable[[Farm], object]]


def tick(farm: Farm, steps: Sequence[Step]) -> Iterator[tuple[str, Exception]]:
    """Do these steps once. Yields the steps that failed, with their errors; the others were done.

    Raises DeposedError as soon as this loop leads no more.
    """
    for name, step in steps:
        try:
            step(farm)
        except leading.DeposedError:
            raise
        except Exception as error:  # noqa: BLE001 -- told to the loop, which logs it; the next step must not wait
            yield name, error


def look_at_leases(farm: Farm) -> None:
    """Leases that ran out are lost; but not while nobody could renew them, since the farm itself was away.

    It was away if nobody looked for long: no loop led, the machine slept, the database was gone or its clock was set.
    Never twice in a row: a loop that is merely slow still loses what has lapsed, every other time.
    """
    now, known = farm.database_time(), farm.looked
    longest = timedelta(seconds=max(farm.rules.lease_seconds / 3, 2 * farm.rules.tick_seconds))
    forgives = known is None or now < known.at or (now - known.at > longest and not known.forgave)
    if forgives:
        forgive_absence(farm)
    farm.looked = Looked(now, forgave=forgives)
    if not forgives:
        lose_lapsed(farm, now)


def forgive_absence(farm: Farm) -> None:
    """No worker loses its lease for an absence of ours: each gets a whole one from now on."""
    with farm.transaction() as session:
        jobs.renew_all(session, farm.lease_end(session))


def lose_lapsed(farm: Farm, now: datetime) -> None:
    """Leases that had run out by ``now``: the job goes back to the others.

    The moment is that at which it was known that we were not away: this process may be stopped at any line.
    """
    with farm.reading() as session:
        attempts = jobs.lapsed(session, now)
    one_by_one(attempts, lambda attempt: leases.lose(farm, attempt, "the worker went silent", lapsed_by=now))


def lose_overdue(farm: Farm) -> None:
    """Attempts that stand for far longer than their worker should ever need: it hangs, though its heart beats."""
    limits = (((JobKind.BUILD,), farm.rules.build), (tuple(sorted(TESTS)), farm.rules.test))
    with farm.reading() as session:
        now = farm.database.clock(session)
        attempts = [
            attempt
            for kinds, limit in limits
            for attempt in jobs.overdue(session, kinds, now, _TIMES * limit.total_seconds)
        ]
    why = f"it took more than {_TIMES} times its limit, and never ended"
    one_by_one(attempts, lambda attempt: leases.lose(farm, attempt, why))


def settle_finished(farm: Farm) -> None:
    """Batches whose every job has ended get their verdict."""
    with farm.reading() as session:
        done = [n for n in batches.batches_in(session, BatchState.RUNNING) if not jobs.has_open_jobs(session, n)]
    one_by_one(done, lambda number: settling.settle(farm, f"B-{number}"))


def ring_bells(farm: Farm) -> None:
    """As many bells in each pool's queue as jobs of it may start, so that queue length is backlog."""
    with farm.reading() as session:
        paused = pauses.stopped(session)
        ready = jobs.ready_by_pool(session, paused.recipes)
    for pool, number in sorted((pool, number) for pool, number in ready.items() if pool not in paused.pools):
        outstanding = farm.bells.outstanding(pool)
        if outstanding is not None and outstanding < number:
            farm.bells.ring(pool, number - outstanding)


STEPS: tuple[Step, ...] = (
    ("ring the pools", ring_bells),
    ("look at the leases", look_at_leases),
    ("lose what hangs", lose_overdue),
    ("close what controls tell of", baselines.close_checked),
    ("decide again what came out otherwise", redeciding.redecide_due),
    ("settle finished batches", settle_finished),
    ("begin again what was overtaken", overtaken.begin_again_due),
    ("end pauses", pausing.end_due),
    ("end quarantines", quarantining.end_due),
    ("share the farm out", sharing.share_out),
    ("mark silent workers", workers.mark_silent),
    ("watch for idleness", idling.watch_idleness),
)
"""Bells first, since workers that rest wait for them; what a later step makes ready wakes the loop for a turn more."""
OUTSIDE: tuple[Step, ...] = (
    ("look at watched channels", watching.watch_due),
    ("follow what moved there", following.follow_due),
    ("open what waited for more pushes", bursts.open_due),
)
"""Steps that wait for others than the database, or plan; they have a thread of their own."""
