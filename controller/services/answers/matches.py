"""Which worker would take a ready job, or what the nearest one lacks."""

from collections.abc import Sequence

from controller.domain.needs import NO_NEEDS, Needs
from controller.domain.needs_words import asked, lacking
from controller.planning.matching import lacks, nearest
from controller.services.answers.words import amount
from controller.services.matching import offer_of_row
from controller.storage import jobs, needs, workers
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from controller.storage.workers import WorkerRow

_NAMED = 3
"""Workers that are named one by one."""


def asked_of(session: Session, job: JobRow) -> str:
    """What a job asks of a worker beyond its pool, in words."""
    return asked(_needs(session, job))


def why_no_worker(session: Session, job: JobRow) -> list[str]:
    """Who serves a ready job's pool, and who of them can give what it asks for."""
    pool = job.pool
    serving = [worker for worker in workers.all_workers(session) if pool in worker.pools and worker.state != "lost"]
    if not serving:
        return [f"No worker serves the pool {pool}: start one with `farm worker run --pool {pool}`."]
    busy = sum(worker.state == "busy" for worker in serving)
    draining = sum(worker.state == "draining" for worker in serving)
    ahead = jobs.ready_by_pool(session).get(pool, 1) - 1
    rest = f", {draining} draining" if draining else ""
    there = f"{pool} has {amount(len(serving), 'worker')}, {busy} busy{rest}; {amount(ahead, 'other job')} could start."
    wanted = _needs(session, job)
    return [there] if wanted == NO_NEEDS else [_matched(wanted, pool, serving), there]


def _needs(session: Session, job: JobRow) -> Needs:
    return needs.needs_by_number(session)[job.needs_id] if job.needs_id else NO_NEEDS


def _matched(wanted: Needs, pool: str, serving: Sequence[WorkerRow]) -> str:
    offers = {worker.name: offer_of_row(worker.machine) for worker in serving}
    able = [name for name, offer in offers.items() if not lacks(wanted, offer)]
    if able:
        more = f" and {len(able) - _NAMED} more" if len(able) > _NAMED else ""
        return f"It asks for {asked(wanted)}: {', '.join(able[:_NAMED])}{more} would take it."
    name, missing = nearest(wanted, offers) or ("", ())
    return f"No worker of {pool} offers what it asks for: {name} comes nearest, and lacks {lacking(missing)}."
