"""What a change of a package would force: asked in a form, answered in pages of rows."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from controller.domain.errors import BusyError, FarmError
from controller.domain.plans import Membership as Done
from controller.services.answers.affected import Affected, affected_by, known_trees
from controller.services.answers.plan_words import figures
from controller.services.farm import Farm
from controller.web.api.asked import PackageName
from controller.web.asking import AskedFarm
from controller.web.pages.listing import First, Membership, RuleName, listed
from controller.web.pictures import picture
from controller.web.problems import AGAIN, status_of
from controller.web.rendering import page
from controller.web.words import query

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Tree = Annotated[str, Query(max_length=2000)]
Name = Annotated[str, Query(max_length=200)]
Version = Annotated[str, Query(max_length=100)]


@router.get("/affected")
def affected_page(
    farm: AskedFarm, tree: Tree = "", name: Name = "", version: Version = "", membership: Membership = "",
    rule: RuleName = "", first: First = 1,
) -> HTMLResponse:  # fmt: skip
    """The form, and below it the answer where something was asked."""
    asked = {"tree": tree, "name": name.strip(), "version": version.strip()}
    found, fault = _answered(farm, asked)
    members = [m for m in found.plan.members if m.membership != Done.NOTHING.value] if found else []
    answer = page(
        farm, "affected", status=status_of(fault) if fault else 200, trees=known_trees(farm), asked=asked, found=found,
        fault=fault, reached=len(members), figures=figures(found.plan) if found else "",
        rows=listed(members, membership, rule, first), same=_command(found), stream="",
    )  # fmt: skip
    if isinstance(fault, BusyError):
        answer.headers["Refresh"] = answer.headers["Retry-After"] = str(AGAIN)
    return answer


def _answered(farm: Farm, asked: Mapping[str, str]) -> tuple[Affected | None, FarmError | None]:
    """The answer, or why there is none; neither where nothing was asked."""
    if not (asked["name"] and asked["version"]):
        return None, None
    try:
        return affected_by(farm, asked["tree"], asked["name"], asked["version"]), None
    except FarmError as error:
        return None, error


@router.get("/affected/why/{package}")
def affected_why_page(
    package: PackageName, farm: AskedFarm, tree: Tree = "", name: Name = "", version: Version = ""
) -> HTMLResponse:
    """What would become of one package, and why."""
    found = affected_by(farm, tree, name.strip(), version.strip())
    why = found.why(package.lower())
    end = query({"tree": found.tree.tree, "name": name.strip(), "version": version.strip()})
    return page(
        farm, "why", why=why, start="/affected/why/", end=end, back=f"/affected{end}", asked=found.supposed,
        picture=picture(why.picture, lambda other: f"/affected/why/{quote(other, safe='')}{end}"),
        same=f"farm why {why.name} {found.supposed} --tree {found.tree.tree}", stream="",
    )  # fmt: skip


def _command(found: Affected | None) -> str:
    return f"farm affected {found.supposed} --tree {found.tree.tree}" if found else "farm affected NAME=VERSION"
