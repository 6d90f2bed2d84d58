"""A worker that loses whatever it is given gets no more work, until a person says that it is mended."""

from datetime import timedelta

from controller.services.farm import Farm
from controller.storage import events, workers
from controller.storage.database import Session
from controller.storage.workers import WorkerRow


def is_drained(row: WorkerRow | None) -> bool:
    """Whether the farm gives this worker no work; one that it does not know yet is given some."""
    return row is not None and bool(row.drained)


def note_loss(farm: Farm, session: Session, worker: str, job: str) -> None:
    """It lost a job, or its disk was full; several in a row drain it, if another worker serves each of its pools."""
    row = workers.find_worker(session, worker)
    row.lost = [*(known for known in row.lost if known != job), job]
    session.add(row)
    most = farm.rules.worker_faults
    if most and len(row.lost) >= most and not row.drained and _can_be_spared(farm, session, row):
        _drain(farm, session, row)


def note_end(session: Session, worker: str) -> None:
    """It brought a job to an end, whichever."""
    row = workers.find_worker(session, worker)
    if row.lost:
        row.lost = []
        session.add(row)


def resume(farm: Farm, worker: str, *, who: str, why: str = "") -> None:
    """A person says that it is mended. Raises NotFoundError."""
    with farm.transaction() as session:
        row = workers.find_worker(session, worker)
        row.lost, row.drained = [], ""
        row.state = "idle" if row.state == "draining" else row.state
        session.add(row)
        events.note(session, farm.now(), "worker.resumed", worker=worker, state=row.state, who=who, why=why)


def _drain(farm: Farm, session: Session, row: WorkerRow) -> None:
    row.drained = f"it lost {len(row.lost)} different jobs in a row: {', '.join(row.lost)}"
    session.add(row)
    events.note(session, farm.now(), "worker.drained", worker=row.name, state="draining", why=row.drained)


def _can_be_spared(farm: Farm, session: Session, row: WorkerRow) -> bool:
    serving = workers.serving(session, farm.database.clock(session) - timedelta(seconds=3 * farm.rules.lease_seconds))
    rest = {pool for other in serving if other.name != row.name for pool in other.pools}
    return set(row.pools) <= rest
