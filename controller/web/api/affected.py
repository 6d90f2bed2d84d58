"""What a change of a package would force, for everybody: on trees that were pushed, one question at a time."""

from typing import Annotated

from fastapi import APIRouter, Query

from controller.services.answers.affected import affected_by
from controller.services.answers.plan_shapes import AffectedAnswer
from controller.services.answers.questions import affected_of
from controller.services.answers.why_shapes import WhyAnswer
from controller.web.api.asked import PackageName
from controller.web.asking import AskedFarm

router = APIRouter(tags=["changes"])

Tree = Annotated[str, Query(max_length=2000, description="A tree that was pushed; without it the last one.")]
Name = Annotated[str, Query(min_length=1, max_length=200, examples=["openssl"])]
Version = Annotated[str, Query(min_length=1, max_length=100, examples=["4.0"])]


@router.get("/api/v1/affected")
def affected_by_move_view(name: Name, version: Version, farm: AskedFarm, tree: Tree = "") -> AffectedAnswer:
    """All that a package's move would reach, as its tree was pushed last. 503 while it is still worked out."""
    return affected_of(affected_by(farm, tree, name, version).plan)


@router.get("/api/v1/affected/why/{package}")
def affected_why_view(
    package: PackageName, name: Name, version: Version, farm: AskedFarm, tree: Tree = ""
) -> WhyAnswer:
    """What would become of one package, and why. 503 while it is still worked out."""
    return affected_by(farm, tree, name, version).why(package.lower())
