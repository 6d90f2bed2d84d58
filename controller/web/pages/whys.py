"""Why a package is rebuilt, retested or left alone; and how two plans differ."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from controller.domain.errors import FarmError
from controller.services.answers import whys
from controller.services.answers.batch_plans import plan_of_batch
from controller.services.answers.differences import difference_of_batches
from controller.services.answers.differences import sentence as difference_sentence
from controller.services.answers.plan_shapes import PlanDifference
from controller.web.api.asked import BatchId, PackageName, Revision
from controller.web.asking import AskedFarm
from controller.web.pages.listing import First, Membership, RuleName, listed
from controller.web.pictures import picture
from controller.web.problems import status_of
from controller.web.rendering import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_MOST = 200
Side = Annotated[str, Query(max_length=60)]


@router.get("/batches/{batch}/why/{name}")
def batch_why_page(batch: BatchId, name: PackageName, farm: AskedFarm) -> HTMLResponse:
    """What a batch does about one package, and why."""
    found = whys.why_in_batch(farm, batch, name.lower())
    start = f"/batches/{found.batch}/why/"
    return page(
        farm, "why", why=found, start=start, end="", back=f"/batches/{found.batch}", asked="",
        picture=picture(found.picture, lambda other: f"{start}{quote(other, safe='')}"),
        same=f"farm why {found.name} --batch {found.batch}", stream="",
    )  # fmt: skip


@router.get("/batches/{batch}/plan")
def batch_plan_page(
    batch: BatchId, farm: AskedFarm, revision: Revision = None, membership: Membership = "", rule: RuleName = "",
    first: First = 1,
) -> HTMLResponse:  # fmt: skip
    """All that a batch's change reaches."""
    plan = plan_of_batch(farm, batch, revision)
    rows = listed(plan.members, membership, rule, first)
    return page(farm, "plan", plan=plan, rows=rows, revision=revision, stream="")


@router.get("/differences")
def difference_page(farm: AskedFarm, before: Side = "", after: Side = "") -> HTMLResponse:
    """How two plans differ."""
    found, fault = None, None
    if before.strip() and after.strip():
        try:
            found = difference_of_batches(farm, before.strip(), after.strip())
        except FarmError as error:
            fault = error
    return page(
        farm, "difference", status=status_of(fault) if fault else 200, found=found, fault=fault,
        said=difference_sentence(found) if found else "", before=before, after=after, most=_MOST,
        parts=_parts(found) if found else (), stream="",
    )  # fmt: skip


def _parts(found: PlanDifference) -> tuple[tuple[str, tuple[tuple[object, object], ...]], ...]:
    """Heading, and pairs of what was and what is; None where one side has nothing."""
    parts = (
        ("Done otherwise", found.moved),
        ("Only in the second", tuple((None, member) for member in found.added)),
        ("Only in the first", tuple((member, None) for member in found.dropped)),
        ("For another reason", found.other_reason),
    )
    return tuple((head, pairs) for head, pairs in parts if pairs)
