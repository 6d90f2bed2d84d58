"""Pushes and plans."""

from fastapi import APIRouter, Depends, Response, status

from controller.services import intake
from controller.services.answers.plans import plan_answer
from controller.services.answers.shapes import PlanAnswer, PushAnswer
from controller.web.api.asked import Push
from controller.web.asking import AskedFarm
from controller.web.guards import admin

router = APIRouter(tags=["changes"], dependencies=[Depends(admin)])


@router.post("/api/v1/changes", status_code=status.HTTP_201_CREATED)
def change_push(push: Push, farm: AskedFarm, response: Response) -> PushAnswer:
    """Record a push and open its batch. The same commit again answers the same batch, with 200."""
    opened = intake.push(farm, push.tree, push.rev, who=push.who, summary=push.summary or "")
    response.headers["Location"] = f"/api/v1/batches/{opened.batch}"
    if opened.again:
        response.status_code = status.HTTP_200_OK
    return PushAnswer(
        batch=opened.batch, change=opened.change, commit=opened.commit, again=opened.again, state=opened.state,
        jobs=opened.jobs,
    )  # fmt: skip


@router.post("/api/v1/plans")
def plan_preview(push: Push, farm: AskedFarm) -> PlanAnswer:
    """The plan that a push would make. Changes nothing."""
    return plan_answer(intake.preview(farm, push.tree, push.rev))
