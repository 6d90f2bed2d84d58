"""Watched channels, and what moved in them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from controller.services import following, watching
from controller.services.answers import upstream
from controller.services.answers.upstream_shapes import UpstreamView
from controller.web.api.asked import Limit
from controller.web.asking import AskedFarm
from controller.web.guards import admin

router = APIRouter(tags=["upstream"])

Now = Annotated[bool, Query(description="Look also at channels that are not due.")]


@router.get("/api/v1/upstream")
def upstream_list(farm: AskedFarm, limit: Limit = 50) -> UpstreamView:
    """Every watched channel as it was last seen, and what moved lately, with what came of it."""
    return upstream.upstream_view(farm, limit)


@router.post("/api/v1/upstream/check", dependencies=[Depends(admin)])
def upstream_check(farm: AskedFarm, now: Now = False) -> UpstreamView:
    """Look at the channels that are due, and follow what moved there."""
    watching.watch_due(farm, now=now)
    following.follow_due(farm)
    return upstream.upstream_view(farm)
