"""A plan before it is anything but a plan."""

from controller.domain.jobs import JobKind
from controller.domain.plans import Plan, PlannedJob, Reason, Rule
from controller.domain.recipes import Refusal
from controller.services.answers.reasons import member_shape, reason_shape, refusal_line
from controller.services.answers.shapes import PlanAnswer, PlannedJobShape
from controller.storage.tables import to_json


def plan_answer(plan: Plan) -> PlanAnswer:
    """All that the change reaches, and what would be done about it."""
    members = plan.decision.members
    touched = [member for member in members if member.reasons and member.reasons[0].rule is not Rule.CURRENT]
    return PlanAnswer(
        members=tuple(member_shape(member) for member in touched),
        jobs=tuple(_job(job) for job in plan.jobs),
        waves=plan.waves,
        refusals=tuple(refusal_line(to_json(Refusal, refusal)) for refusal in plan.decision.refusals),
        untouched=len(members) - len(touched),
    )


def _job(job: PlannedJob) -> PlannedJobShape:
    builds = job.kind is JobKind.BUILD
    return PlannedJobShape(
        key=job.key, kind=job.kind.value, name=job.name, recipe=job.recipe, subdir=job.subdir, pool=job.pool,
        wave=job.wave, files=tuple(o.file_name for o in job.outputs) if builds else (job.artifact,),
        parents=tuple(sorted(job.parents)), reasons=tuple(reason_shape(to_json(Reason, r)) for r in job.reasons),
    )  # fmt: skip
