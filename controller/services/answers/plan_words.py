"""A plan in one line, the same on a page and in a terminal."""

from controller.services.answers.plan_shapes import PlanAnswer
from controller.services.answers.words import amount


def figures(plan: PlanAnswer) -> str:
    """``2 builds, 1 test in 2 waves``."""
    kinds = [job.kind for job in plan.jobs]
    parts = [amount(kinds.count(kind), kind) for kind in ("build", "test", "retest") if kind in kinds]
    return f"{', '.join(parts)} in {amount(plan.waves, 'wave')}" if parts else "Nothing to do"
