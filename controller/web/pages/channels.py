"""One channel: its snapshots and what it holds."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from controller.services.answers import channels
from controller.web.asking import AskedFarm
from controller.web.files import split_snapshot
from controller.web.rendering import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_MOST = 500
Wanted = Annotated[str, Query(alias="name", max_length=100)]


@router.get("/channels/{channel:path}")
def channel_page(channel: str, farm: AskedFarm, request: Request, wanted: Wanted = "") -> HTMLResponse:
    """One channel, at its current snapshot or at ``@N``."""
    name, number = split_snapshot(channel)
    view = channels.channel_view(farm, name)
    shown = view.snapshot if number is None else number
    files = [file for file in channels.contents(farm, name, shown) if wanted in file.name]
    return page(
        farm, "channel", channel=view, shown=shown, files=files[:_MOST], total=len(files), wanted=wanted,
        snapshots=channels.snapshot_list(farm, name, 50), address=str(request.base_url).rstrip("/"), stream="",
    )  # fmt: skip
