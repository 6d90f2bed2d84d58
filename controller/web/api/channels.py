"""Channels, snapshots, and moves that can be taken back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from controller.services import promotion
from controller.services.answers import channels
from controller.services.answers.shapes import ChannelShape, MovePreview, PromotionShape, SnapshotShape
from controller.web.api.asked import Act, DryRun, Items, Limit
from controller.web.asking import AskedFarm
from controller.web.guards import admin

router = APIRouter(tags=["channels"])

Name = Annotated[str, Path(max_length=200, description="A channel, as stable or staging/B-7.")]
Promotion = Annotated[str, Path(pattern=r"^[A-Za-z0-9/_-]{1,180}@[0-9]{1,9}$", description="A move, as stable@4.")]


@router.get("/api/v1/channels")
def channel_list(farm: AskedFarm) -> Items[ChannelShape]:
    """Every channel with its current snapshot."""
    return Items(items=tuple(channels.channel_list(farm)))


@router.get("/api/v1/channels/{name:path}/snapshots")
def snapshot_list(name: Name, farm: AskedFarm, limit: Limit = 200) -> Items[SnapshotShape]:
    """A channel's snapshots, newest first."""
    return Items(items=tuple(channels.snapshot_list(farm, name, limit)))


@router.get("/api/v1/promotions")
def promotion_list(farm: AskedFarm, limit: Limit = 100) -> Items[PromotionShape]:
    """The last moves of stable and testing, newest first."""
    return Items(items=tuple(channels.promotion_list(farm, limit)))


@router.post("/api/v1/promotions/{name:path}/restore", dependencies=[Depends(admin)])
def promotion_restore(name: Promotion, act: Act, farm: AskedFarm, dry_run: DryRun = False) -> MovePreview:
    """Take a move back: the channel gets the content it had before, under a new number."""
    return promotion.restore(farm, name, who=act.who, why=act.why, dry_run=dry_run)
