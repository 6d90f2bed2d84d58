"""The tick: the only place that closes things and notices what is lost. All recovery is by looking.

Every step has a transaction per item, so that one bad item stops no other.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

from controller.domain.batches import BatchState
from controller.domain.jobs import JobKind
from controller.services import leases, redeciding, settling, workers
from controller.services.farm import Farm
from controller.storage import batches, jobs

_TIMES = 2
"""The worker itself ends a child at the limit; as much again is for fetching, uploading, and for waiting for us."""
Step = tuple[str, Callable[[Farm], object]]


def start(farm: Farm) -> None:
    """After the controller's own absence: no worker loses its lease for it."""
    with farm.transaction() as session:
        jobs.extend_all_leases(session, farm.lease_end())


def tick(farm: Farm) -> Iterator[tuple[str, Exception]]:
    """Look at everything once. Yields the steps that failed, with their errors; the others were done."""
    for name, step in STEPS:
        try:
            step(farm)
        except Exception as error:  # noqa: BLE001 -- told to the loop, which logs it; the next step must not wait
            yield name, error


def lose_lapsed(farm: Farm) -> None:
    """Leases that ran out: the job goes back to the others."""
    with farm.reading() as session:
        attempts = jobs.lapsed(session, farm.now())
    for attempt in attempts:
        leases.lose(farm, attempt, "the worker went silent")


def lose_overdue(farm: Farm) -> None:
    """Attempts that stand for far longer than their worker should ever need: it hangs, though its heart beats."""
    limits = {JobKind.BUILD: farm.rules.build, JobKind.TEST: farm.rules.test, JobKind.RETEST: farm.rules.test}
    with farm.reading() as session:
        attempts = [
            attempt
            for kind, limit in limits.items()
            for attempt in jobs.overdue(session, [kind], farm.now() - timedelta(seconds=_TIMES * limit.total_seconds))
        ]
    for attempt in attempts:
        leases.lose(farm, attempt, f"it took more than {_TIMES} times its limit, and never ended")


def settle_finished(farm: Farm) -> None:
    """Batches whose every job has ended get their verdict."""
    with farm.reading() as session:
        done = [n for n in batches.batches_in(session, BatchState.RUNNING) if not jobs.has_open_jobs(session, n)]
    for number in done:
        settling.settle(farm, f"B-{number}")


def ring_bells(farm: Farm) -> None:
    """As many bells in each pool's queue as it has ready jobs, so that queue length is backlog."""
    with farm.reading() as session:
        ready = jobs.ready_by_pool(session)
    for pool, number in sorted(ready.items()):
        outstanding = farm.bells.outstanding(pool)
        if outstanding is not None and outstanding < number:
            farm.bells.ring(pool, number - outstanding)


STEPS: tuple[Step, ...] = (
    ("lose lapsed leases", lose_lapsed),
    ("lose what hangs", lose_overdue),
    ("decide again what came out otherwise", redeciding.redecide_due),
    ("settle finished batches", settle_finished),
    ("ring the pools", ring_bells),
    ("mark silent workers", workers.mark_silent),
)
