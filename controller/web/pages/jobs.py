"""One job, and its log."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from controller.services.answers import jobs, logs
from controller.services.answers.events import newest
from controller.services.answers.shapes import JobView
from controller.web.api.asked import JobId
from controller.web.api.jobs import Attempt
from controller.web.asking import AskedFarm
from controller.web.pages.sections import sections
from controller.web.rendering import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

LINES = 2_000
"""Lines on one page of a log."""
_BEFORE = 40
"""Lines shown above the failing one, where a log does not fit on a page."""
First = Annotated[int | None, Query(ge=1, le=10**12)]


@router.get("/jobs/{job}")
def job_page(job: JobId, farm: AskedFarm, request: Request) -> HTMLResponse:
    """One job."""
    after = newest(farm)
    view = jobs.job_view(farm, job)
    address = str(request.base_url).rstrip("/")
    return page(farm, "job", job=view, address=address, stream=f"job:{view.id}&after={after}")


@router.get("/jobs/{job}/log")
def log_page(job: JobId, farm: AskedFarm, attempt: Attempt = None, first: First = None) -> HTMLResponse:
    """The log of an attempt: the newest one's, from where it failed, if nothing else is said."""
    view = jobs.job_view(farm, job)
    peek = logs.log_lines(farm, job, attempt, 1, 1)
    newest_try = bool(view.tries) and view.tries[-1].id == peek.attempt
    failing = view.failing if newest_try else ()
    start = first or _start(peek.total, failing[0].line if failing else None)
    log = logs.log_lines(farm, job, attempt, start, LINES)
    end = log.first + len(log.lines)
    live = "" if log.ended or end <= log.total else f"log:{log.attempt}&after={max(1, end - 1)}"
    return page(
        farm, "log", job=view, log=log, failing=failing, step=LINES, end=end, stream=live,
        lease=_lease(view, log.attempt),
        sections=sections(log.lines, log.first, {f.line for f in failing}, is_end=end > log.total),
    )  # fmt: skip


def _start(total: int, failing: int | None) -> int:
    if total <= LINES:
        return 1
    if failing is not None:
        return max(1, failing - _BEFORE)
    return total - LINES + 1


def _lease(view: JobView, attempt: str) -> int:
    return next(known.lease for known in view.tries if known.id == attempt)
