"""A plan before it is anything but a plan."""

from collections.abc import Iterator

from controller.domain.jobs import JobKind
from controller.domain.plans import Notice, Plan, PlannedJob, Reason, Rule
from controller.domain.recipes import Refusal
from controller.domain.wording import reason_sentence
from controller.planning.bumps import diagnose
from controller.services.answers.forecast_shapes import ForecastShape
from controller.services.answers.plan_shapes import BumpShape, GoneShape, PlanAnswer, PlannedJobShape
from controller.services.answers.reasons import circle_lines, member_shape, notice_shape, reason_shape, refusal_line
from controller.storage.tables import to_json


def plan_answer(plan: Plan, forecast: ForecastShape | None = None) -> PlanAnswer:
    """All that the change reaches, what would be done about it, and how long that would take."""
    members = plan.decision.members
    touched = [member for member in members if member.reasons and member.reasons[0].rule is not Rule.CURRENT]
    return PlanAnswer(
        members=tuple(member_shape(member) for member in touched),
        jobs=tuple(_job(job) for job in plan.jobs),
        waves=plan.waves,
        refusals=tuple(refusal_line(to_json(Refusal, refusal)) for refusal in plan.decision.refusals),
        untouched=len(members) - len(touched),
        forecast=forecast,
        bumps=tuple(_bumps(plan)),
        moves=tuple(reason_shape(to_json(Reason, reason)) for reason in plan.decision.moves),
        notices=tuple(notice_shape(to_json(Notice, notice)) for notice in plan.notices),
        gone=tuple(GoneShape(file=g.artifact, sentence=reason_sentence(g.reason)) for g in plan.decision.gone),
        circles=circle_lines(plan.circles, plan.deadlocks),
    )


def _bumps(plan: Plan) -> Iterator[BumpShape]:
    for about, bumps in diagnose(plan.decision).items():
        for bump, members in bumps.items():
            names = tuple(dict.fromkeys(member.output.name for member in members))
            yield BumpShape(about=about, bump=bump.value, packages=names)


def _job(job: PlannedJob) -> PlannedJobShape:
    builds = job.kind is JobKind.BUILD
    return PlannedJobShape(
        key=job.key, kind=job.kind.value, name=job.name, recipe=job.recipe, subdir=job.subdir, pool=job.pool,
        wave=job.wave, stage=job.stage, files=tuple(o.file_name for o in job.outputs) if builds else (job.artifact,),
        parents=tuple(sorted(job.parents)), reasons=tuple(reason_shape(to_json(Reason, r)) for r in job.reasons),
    )  # fmt: skip
