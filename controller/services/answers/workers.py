"""Workers and pools: who serves what, and what waits for it."""

from collections.abc import Iterable

from controller.domain.pauses import PauseKind
from controller.services.answers.pauses import sentences
from controller.services.answers.shapes import PoolShape, WorkerShape
from controller.services.farm import Farm
from controller.storage import jobs, workers
from controller.storage.database import Session
from controller.storage.workers import WorkerRow


def worker_list(farm: Farm) -> list[WorkerShape]:
    """Every worker that is not gone, by name."""
    with farm.reading() as session:
        return [worker_shape(row) for row in workers.all_workers(session)]


def one_worker(farm: Farm, name: str) -> WorkerShape:
    """One worker. Raises NotFoundError."""
    with farm.reading() as session:
        return worker_shape(workers.find_worker(session, name))


def pool_list(farm: Farm) -> list[PoolShape]:
    """Every pool that a worker serves or a job waits for, by name."""
    with farm.reading() as session:
        return pools_of(farm, session, workers.all_workers(session))


def pools_of(farm: Farm, session: Session, known: Iterable[WorkerRow]) -> list[PoolShape]:
    """The pools, with the workers already at hand."""
    ready, running = jobs.ready_by_pool(session), jobs.running_by_pool(session)
    oldest, known = jobs.oldest_ready(session), list(known)
    paused = sentences(session, PauseKind.POOL)
    names = sorted({pool for row in known for pool in row.pools} | set(ready) | set(running) | set(paused))
    now = farm.now()
    return [
        PoolShape(
            name=name, ready=ready.get(name, 0), running=running.get(name, 0),
            oldest_ready_seconds=max(0.0, (now - oldest[name]).total_seconds()) if name in oldest else 0.0,
            paused=paused.get(name, ""),
            **{state: _number(known, name, state) for state in ("idle", "busy", "draining", "lost")},
        )
        for name in names
    ]  # fmt: skip


def _number(known: Iterable[WorkerRow], pool: str, state: str) -> int:
    return sum(row.state == state and pool in row.pools for row in known)


def worker_shape(row: WorkerRow) -> WorkerShape:
    """One worker. The job is that of the attempt it holds: ``J-7`` of ``J-7.2``."""
    machine = row.machine
    return WorkerShape(
        name=row.name, pools=tuple(row.pools), state=workers.shown_state(row), drained=row.drained,
        job=row.attempt.rsplit(".", 1)[0],
        host=machine.get("host", ""), system=machine.get("system", ""), cores=machine.get("cores", 0),
        memory_bytes=machine.get("memory_bytes", 0), disk_free_bytes=machine.get("disk_free_bytes", 0),
        version=row.version, protocol=row.protocol, seen_at=row.seen_at,
    )  # fmt: skip
