"""Pushes and plans."""

from fastapi import APIRouter, Depends, Response, status

from controller.domain.push_words import waits_for_more
from controller.planning.question import Question, migrations_of, pins_of, supposed_of
from controller.services import intake
from controller.services.answers import forecast, questions, whys
from controller.services.answers.plan_shapes import AffectedAnswer, PlanAnswer
from controller.services.answers.shapes import PushAnswer
from controller.services.answers.why_shapes import WhyAnswer
from controller.services.farm import Farm
from controller.services.questions import Answered, ask
from controller.web.api.asked import Ask, Push
from controller.web.asking import AskedFarm
from controller.web.guards import admin

router = APIRouter(tags=["changes"], dependencies=[Depends(admin)])


@router.post("/api/v1/changes", status_code=status.HTTP_201_CREATED)
def change_push(push: Push, farm: AskedFarm, response: Response) -> PushAnswer:
    """Record a push and open its batch. The same commit again answers the same batch, with 200.

    A push that waits for more of its branch is answered with 202: it is kept, and its batch is opened in time.
    """
    opened = intake.push(
        farm, push.tree, push.rev, who=push.who, summary=push.summary or "", priority=push.priority,
        at_once=push.at_once,
    )  # fmt: skip
    response.headers["Location"] = f"/api/v1/batches/{opened.batch}" if opened.batch else "/api/v1/pushes"
    if opened.again:
        response.status_code = status.HTTP_200_OK
    elif not opened.batch:
        response.status_code = status.HTTP_202_ACCEPTED
    return PushAnswer(
        batch=opened.batch, change=opened.change, commit=opened.commit, again=opened.again, state=opened.state,
        jobs=opened.jobs, waits_seconds=opened.waits_seconds,
        sentence="" if opened.batch else waits_for_more(opened.waits_seconds),
    )  # fmt: skip


@router.post("/api/v1/plans")
def plan_preview(asked: Ask, farm: AskedFarm) -> PlanAnswer:
    """The plan that a push would make, or that answers a question. Changes nothing."""
    answered = _answered(farm, asked)
    expected = forecast.of_plan(farm, answered.plan, asked.tree)
    return questions.answered_plan(answered).model_copy(update={"forecast": expected})


@router.post("/api/v1/plans/affected")
def affected_view(asked: Ask, farm: AskedFarm) -> AffectedAnswer:
    """All that a change reaches, with how many each rule decided. Changes nothing."""
    return questions.affected(_answered(farm, asked))


@router.post("/api/v1/plans/why/{name}")
def why_view(name: str, asked: Ask, farm: AskedFarm) -> WhyAnswer:
    """What becomes of every output of a name, and why; of untouched ones too. Changes nothing."""
    return whys.why(_answered(farm, asked), name.lower())


def _answered(farm: Farm, asked: Ask) -> Answered:
    migrations = migrations_of([(migration.name, migration.text) for migration in asked.migrations])
    pins = pins_of(asked.pins)
    question = Question(supposed_of(asked.supposed), asked.since, asked.channel, pins, migrations, asked.policy)
    return ask(farm, asked.tree, asked.rev, question)
