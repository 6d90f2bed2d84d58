"""One batch: verdict first, then what is broken, then everything else."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from controller.domain.jobs import BROKEN
from controller.services.answers import batches
from controller.services.answers.events import newest
from controller.services.answers.matrix import matrix, waves
from controller.services.answers.shapes import BatchView, JobSummary
from controller.web.api.asked import BatchId
from controller.web.asking import AskedFarm
from controller.web.rendering import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_MOST_RECIPES = 120
"""Above this many recipes the matrix shows exceptions only, and no more than this many, unless asked for all."""
_TELLING = tuple(state.value for state in BROKEN)
"""States of jobs whose reason the page shows."""
Shown = Annotated[Literal["all", "exceptions", ""], Query()]


@router.get("/batches/{batch}")
def batch_page(batch: BatchId, farm: AskedFarm, request: Request, recipes: Shown = "") -> HTMLResponse:
    """One batch."""
    after = newest(farm)
    view = batches.batch_view(farm, batch, _TELLING)
    many = len({job.recipe for job in view.jobs}) > _MOST_RECIPES
    only = recipes == "exceptions" or (many and recipes != "all")
    return page(
        farm, "batch", view=view, **sorted_jobs(view), matrix=matrix(view.jobs, most=_MOST_RECIPES if only else None),
        waves=waves(view.jobs), address=str(request.base_url).rstrip("/"), stream=f"batch:{view.id}&after={after}",
    )  # fmt: skip


def sorted_jobs(view: BatchView) -> dict[str, Any]:
    """The jobs that a batch's page names one by one: broken, blocked and under way."""
    return {
        "broken": [job for job in view.jobs if job.category == "broken"],
        "blocked": _by_sentence(job for job in view.jobs if job.state == "blocked"),
        "running": [job for job in view.jobs if job.category == "in_progress"],
    }


def _by_sentence(jobs: Iterable[JobSummary]) -> dict[str, list[JobSummary]]:
    """Many jobs wait for one repair: it is said once."""
    found: dict[str, list[JobSummary]] = {}
    for job in jobs:
        found.setdefault(job.sentence, []).append(job)
    return found
