"""Whether the controller lives, and whether it can work: for load balancers and people in a hurry."""

from fastapi import APIRouter, Response, status
from fastapi.responses import PlainTextResponse

from controller.services.answers import health
from controller.web.asking import AskedFarm

router = APIRouter(tags=["probes"])


@router.get("/healthz", response_class=PlainTextResponse)
def controller_health() -> str:
    """The process answers."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse, responses={503: {"description": "The database is away."}})
def controller_ready(farm: AskedFarm) -> Response:
    """The database answers."""
    missing = health.missing(farm)
    if missing:
        return PlainTextResponse(missing + "\n", status_code=status.HTTP_503_SERVICE_UNAVAILABLE)
    return PlainTextResponse("ready\n")
