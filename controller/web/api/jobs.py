"""Jobs, their logs and the queue."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from controller.services import requests
from controller.services.answers import jobs, logs
from controller.services.answers.shapes import JobSummary, JobView, LogLines, QueuedJob
from controller.web.api.asked import Act, Items, JobId, Limit
from controller.web.asking import AskedFarm
from controller.web.guards import admin

router = APIRouter(tags=["jobs"])

Attempt = Annotated[int | None, Query(ge=1, le=10**9, description="Which attempt; the newest if none is named.")]
First = Annotated[int, Query(ge=1, le=10**12)]
Count = Annotated[int, Query(ge=1, le=logs.MOST)]


@router.get("/api/v1/jobs/{job}")
def job_view(job: JobId, farm: AskedFarm) -> JobView:
    """One job, whole."""
    return jobs.job_view(farm, job)


@router.post("/api/v1/jobs/{job}/retry", dependencies=[Depends(admin)])
def job_retry(job: JobId, act: Act, farm: AskedFarm) -> JobSummary:
    """Try a broken job again."""
    requests.retry(farm, job, who=act.who)
    return jobs.job_summary(farm, job)


@router.get("/api/v1/jobs/{job}/log")
def log_view(job: JobId, farm: AskedFarm, attempt: Attempt = None, first: First = 1, count: Count = 1000) -> LogLines:
    """Lines of a log by number."""
    return logs.log_lines(farm, job, attempt, first, count)


@router.get("/api/v1/jobs/{job}/log.txt", response_class=StreamingResponse)
def log_raw(job: JobId, farm: AskedFarm, attempt: Attempt = None) -> StreamingResponse:
    """A log as the worker sent it."""
    headers = {"Cache-Control": "no-cache"}
    return StreamingResponse(logs.raw_log(farm, job, attempt), media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/api/v1/queue")
def queue_list(farm: AskedFarm, limit: Limit = 100) -> Items[QueuedJob]:
    """Ready jobs in the order in which they will start, each with why it stands there."""
    return Items(items=tuple(jobs.queue(farm, limit)))
