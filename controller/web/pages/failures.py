"""Failures that are remembered."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from controller.services.answers import cases, failures
from controller.web.asking import AskedFarm
from controller.web.rendering import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/failures")
def failures_page(farm: AskedFarm) -> HTMLResponse:
    """Builds that are not run again with the same inputs."""
    return page(
        farm, "failures", items=failures.failure_list(farm), flakes=failures.flake_list(farm),
        held=cases.quarantine_list(farm), expected=cases.expectation_list(farm), stream="",
    )  # fmt: skip
