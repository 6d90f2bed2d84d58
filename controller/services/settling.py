"""A batch whose every job has ended gets its verdict, and what is safe of it is published to testing."""

from controller.domain.batches import BatchEvent, BatchState
from controller.domain.channels import TESTING
from controller.services import channels
from controller.services.farm import Farm
from controller.services.requests import move_batch
from controller.storage import artifacts, batches, jobs


def settle(farm: Farm, batch: str) -> None:
    with farm.transaction() as session:
        row = batches.find_batch(session, batch, lock=True)
        if row.state != BatchState.RUNNING or jobs.has_open_jobs(session, row.id or 0):
            return
        rows = artifacts.of_batch(session, row.id or 0)
        good = all(j.state == "passed" for j in jobs.jobs_of_batch(session, row.id or 0))
        if good:
            channels.publish(farm, session, TESTING, rows, batch_id=row.id, who="farm", why=f"{batch} settled")
        move_batch(farm, session, row, BatchEvent.SETTLE_WHOLE if good else BatchEvent.SETTLE_EMPTY,
            settled_at=farm.now(), published=[r.file for r in rows] if good else [])
