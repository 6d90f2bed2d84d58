"""The farm at a glance, and its workers."""

from fastapi import APIRouter

from controller.services.answers import farm as glance
from controller.services.answers import workers
from controller.services.answers.shapes import FarmView, PoolShape, WorkerShape
from controller.web.api.asked import Items
from controller.web.asking import AskedFarm

router = APIRouter(tags=["farm"])


@router.get("/api/v1/farm")
def farm_view(farm: AskedFarm) -> FarmView:
    """Figures, newest batches, what broke last, pools, workers, channels, last moves."""
    return glance.farm_view(farm)


@router.get("/api/v1/workers")
def worker_list(farm: AskedFarm) -> Items[WorkerShape]:
    """Every worker that is not gone."""
    return Items(items=tuple(workers.worker_list(farm)))


@router.get("/api/v1/pools")
def pool_list(farm: AskedFarm) -> Items[PoolShape]:
    """Every pool that a worker serves or a job waits for."""
    return Items(items=tuple(workers.pool_list(farm)))
