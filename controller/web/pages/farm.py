"""The first page, the lists, and the workers."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from controller.services.answers import batches, channels, jobs, pauses, pushes, workers
from controller.services.answers import farm as glance
from controller.services.answers.events import newest
from controller.services.answers.leader import leader
from controller.web.api.batches import known_states
from controller.web.asking import AskedFarm
from controller.web.rendering import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_PAGE = 50
State = Annotated[str, Query(max_length=200)]
Cursor = Annotated[str | None, Query(pattern=r"^B-[0-9]{1,18}$")]


@router.get("/")
def farm_page(farm: AskedFarm) -> HTMLResponse:
    """The farm at a glance."""
    view = glance.farm_view(farm)
    return page(farm, "farm", view=view, stream=f"farm&after={view.latest_event}")


@router.get("/batches")
def batches_page(farm: AskedFarm, state: State = "", cursor: Cursor = None) -> HTMLResponse:
    """Batches, newest first."""
    after = newest(farm)
    found, more = batches.batch_list(farm, _PAGE, known_states(state), cursor)
    waiting = () if cursor else pushes.waiting(farm)
    return page(
        farm, "batches", items=found, waiting=waiting, next=more, state=state, stream=f"farm&after={after}"
    )  # fmt: skip


@router.get("/workers")
def workers_page(farm: AskedFarm) -> HTMLResponse:
    """Pools, machines and the queue."""
    after = newest(farm)
    return page(
        farm, "workers", pools=workers.pool_list(farm), workers=workers.worker_list(farm), queue=jobs.queue(farm, 50),
        pauses=pauses.pause_list(farm),
        leader=leader(farm),        stream=f"workers&after={after}",
    )  # fmt: skip


@router.get("/channels")
def channels_page(farm: AskedFarm) -> HTMLResponse:
    """Every channel, and the last moves."""
    return page(
        farm, "channels", channels=channels.channel_list(farm), promotions=channels.promotion_list(farm, 50), stream=""
    )
