"""Batches, and what a person may do with one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse

from controller.domain.batches import BatchState
from controller.domain.errors import InvalidInputError
from controller.services import promotion, requests, sharing
from controller.services.answers import batches, forecast, pushes, whys
from controller.services.answers.batch_plans import plan_of_batch
from controller.services.answers.differences import difference_of_batches
from controller.services.answers.forecast_shapes import ForecastShape, NumbersAnswer
from controller.services.answers.plan_shapes import BatchPlan, PlanDifference
from controller.services.answers.shapes import BatchSummary, BatchView, MovePreview, PushShape
from controller.services.answers.why_shapes import WhyAnswer
from controller.services.commit_numbers import number_edits
from controller.web.api.asked import Act, BatchId, Bump, DryRun, Items, Limit, Move, PackageName, PlanName, Revision
from controller.web.asking import AskedFarm
from controller.web.guards import admin

router = APIRouter(tags=["batches"])
_guarded = [Depends(admin)]

States = Annotated[str, Query(alias="state", description="States, joined by commas.", examples=["running,held"])]
Cursor = Annotated[str | None, Query(pattern=r"^B-[0-9]{1,18}$")]


@router.get("/api/v1/batches")
def batch_list(farm: AskedFarm, limit: Limit = 50, state: States = "", cursor: Cursor = None) -> Items[BatchSummary]:
    """Batches, newest first."""
    found, more = batches.batch_list(farm, limit, known_states(state), cursor)
    return Items(items=tuple(found), next=more)


@router.get("/api/v1/pushes")
def push_list(farm: AskedFarm) -> Items[PushShape]:
    """Pushes that wait for more of their branch, oldest first."""
    return Items(items=pushes.waiting(farm))


@router.get("/api/v1/batches/{batch}")
def batch_view(batch: BatchId, farm: AskedFarm) -> BatchView:
    """One batch, whole."""
    return batches.batch_view(farm, batch)


@router.get("/api/v1/batches/{batch}/forecast")
def forecast_view(batch: BatchId, farm: AskedFarm) -> ForecastShape:
    """What is left of a batch, and how long that takes from now."""
    return forecast.of_batch(farm, batch)


@router.get("/api/v1/batches/{batch}/plan")
def batch_plan_view(batch: BatchId, farm: AskedFarm, revision: Revision = None) -> BatchPlan:
    """What a batch does about every output that its change reaches, as it stands or as it stood."""
    return plan_of_batch(farm, batch, revision)


@router.get("/api/v1/batches/{batch}/why/{name}")
def batch_why_view(batch: BatchId, name: PackageName, farm: AskedFarm) -> WhyAnswer:
    """What a batch does about a package: rule, spec, where that came from, path, and what follows."""
    return whys.why_in_batch(farm, batch, name.lower())


@router.get("/api/v1/batches/{batch}/edits.patch", response_class=PlainTextResponse)
def batch_edits_view(batch: BatchId, farm: AskedFarm) -> PlainTextResponse:
    """The recipe edits that a batch's plan asks for, as one patch for ``git apply``."""
    return PlainTextResponse(batches.patch_of_edits(farm, batch))


@router.get("/api/v1/differences")
def difference_view(before: PlanName, after: PlanName, farm: AskedFarm) -> PlanDifference:
    """How the plans of two batches differ, or of one before and after it was decided again."""
    return difference_of_batches(farm, before, after)


@router.post("/api/v1/batches/{batch}/numbers", dependencies=_guarded)
def number_preview(batch: BatchId, farm: AskedFarm) -> NumbersAnswer:
    """The build numbers that a batch was given, as edits of its recipes. Changes nothing."""
    return number_edits(farm, batch)


@router.post("/api/v1/batches/{batch}/promotions", dependencies=_guarded)
def batch_promote(batch: BatchId, move: Move, farm: AskedFarm, dry_run: DryRun = False) -> MovePreview:
    """Promote a batch, or show what that would do. Refused with 409 while a gate says no."""
    return promotion.promote(farm, batch, to=move.to, who=move.who, why=move.why, dry_run=dry_run)


@router.post("/api/v1/batches/{batch}/release", dependencies=_guarded)
def batch_release(batch: BatchId, act: Act, farm: AskedFarm) -> BatchSummary:
    """Let a held batch run."""
    requests.release(farm, batch, who=act.who, why=act.why)
    return batches.batch_summary(farm, batch)


@router.post("/api/v1/batches/{batch}/cancel", dependencies=_guarded)
def batch_cancel(batch: BatchId, act: Act, farm: AskedFarm) -> BatchSummary:
    """Give a batch up."""
    requests.cancel(farm, batch, who=act.who, why=act.why)
    return batches.batch_summary(farm, batch)


@router.post("/api/v1/batches/{batch}/bump", dependencies=_guarded)
def batch_bump(batch: BatchId, bump: Bump, farm: AskedFarm) -> BatchSummary:
    """Give a batch another priority; what waits of it is ranked by it at once."""
    sharing.bump(farm, batch, bump.priority, who=bump.who, why=bump.why)
    return batches.batch_summary(farm, batch)


def known_states(text: str) -> list[str]:
    """``running,held`` as states. Raises InvalidInputError, naming those there are."""
    wanted = [word for word in text.split(",") if word]
    known = [state.value for state in BatchState]
    unknown = [word for word in wanted if word not in known]
    if unknown:
        raise InvalidInputError(f"'{unknown[0][:50]}' is no state of a batch.", remedy=f"One of {', '.join(known)}.")
    return wanted
