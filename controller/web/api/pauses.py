"""What people keep from starting: a batch, a recipe in all batches, a pool."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, Field

from controller.domain.pauses import PauseKind
from controller.services import pausing
from controller.services.answers import pauses
from controller.services.answers.shapes import PauseShape
from controller.web.api.asked import Act, Items
from controller.web.asking import AskedFarm
from controller.web.guards import admin

router = APIRouter(tags=["pauses"])


class Resume(Act):
    """What is to go on."""

    kind: PauseKind
    name: Annotated[str, Field(min_length=1, max_length=300, examples=["B-7", "numpy", "linux-64"])]
    """A batch, a recipe or a pool."""


class Stop(Resume):
    """What is to be paused, and until when."""

    until: AwareDatetime | None = None
    """When it ends by itself; without it and ``seconds`` a person must resume it."""
    seconds: Annotated[float, Field(gt=0, le=10 * 365 * 86400)] | None = None
    """The same, from now."""


@router.get("/api/v1/pauses")
def pause_list(farm: AskedFarm) -> Items[PauseShape]:
    """All that is paused, the oldest first."""
    return Items(items=tuple(pauses.pause_list(farm)))


@router.post("/api/v1/pauses", dependencies=[Depends(admin)])
def thing_pause(asked: Stop, farm: AskedFarm) -> PauseShape:
    """Start nothing more of it; what runs goes on to its end. Again, it changes the reason and the end."""
    ends = _end(farm.now(), asked)
    return pauses.pause_shape(pausing.pause(farm, asked.kind, asked.name, who=asked.who, why=asked.why, until=ends))


@router.post("/api/v1/pauses/resume", dependencies=[Depends(admin)])
def thing_resume(asked: Resume, farm: AskedFarm) -> Items[PauseShape]:
    """Let it go on. Answers what is still paused."""
    pausing.resume(farm, asked.kind, asked.name, who=asked.who, why=asked.why)
    return Items(items=tuple(pauses.pause_list(farm)))


def _end(now: datetime, asked: Stop) -> datetime | None:
    return now + timedelta(seconds=asked.seconds) if asked.seconds else asked.until
