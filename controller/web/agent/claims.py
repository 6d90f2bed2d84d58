"""Claims, and workers that say how they are: with the workers' token."""

from fastapi import APIRouter, Depends, Response, status

from controller.services import leases, workers
from controller.web.asking import AskedFarm
from controller.web.guards import worker
from workers.contract import paths
from workers.contract.leases import Claim, ClaimRequest, WorkerState

router = APIRouter(tags=["agent"], dependencies=[Depends(worker)])


@router.post(paths.CLAIMS, response_model=Claim, responses={204: {"description": "No work for these pools."}})
def claim_take(asked: ClaimRequest, farm: AskedFarm) -> Claim | Response:
    """Ask for the best ready job that this worker can do."""
    return leases.claim(farm, asked) or Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(paths.WORKERS, status_code=status.HTTP_204_NO_CONTENT)
def worker_note(said: WorkerState, farm: AskedFarm) -> None:
    """Keep what a worker says of itself."""
    workers.note_state(farm, said)
