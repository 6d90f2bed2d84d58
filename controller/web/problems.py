"""The one map from an error of the farm to an HTTP status, and its form on the wire (RFC 9457)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from controller.domain import errors
from controller.web.guards import NotSignedInError

STATUS: dict[type[errors.FarmError], HTTPStatus] = {
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IllegalMoveError: HTTPStatus.CONFLICT,
    errors.StaleLeaseError: HTTPStatus.CONFLICT,
    errors.UploadError: HTTPStatus.CONFLICT,
    errors.ArtifactRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NameTakenError: HTTPStatus.CONFLICT,
    errors.GateRefusedError: HTTPStatus.CONFLICT,
    NotSignedInError: HTTPStatus.UNAUTHORIZED,
    errors.NotPermittedError: HTTPStatus.FORBIDDEN,
    errors.RecipeError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TreeError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PlanTooLargeError: HTTPStatus.CONFLICT,
    errors.BrokerError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DatabaseError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DataFolderError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.BusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.FarmError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The nearest class in an error's own line of descent decides."""

AGAIN = 10
"""Seconds after which it is worth while to ask a busy farm again."""
MEDIA_TYPE = "application/problem+json"
_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "remedy"],
    "properties": {
        "type": {"type": "string", "description": "The help page of this error.", "examples": ["/help/not_found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, and why."},
        "code": {"type": "string", "description": "Stable, to be acted on by programs.", "examples": ["not_found"]},
        "remedy": {"type": "string", "description": "The next step."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
DESCRIBED: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
    for status, text in (("4XX", "What was asked is refused."), (422, "Not valid."), ("5XX", "The farm's own fault."))
}
"""How every operation's errors stand in the description of the API."""


Page = Callable[[Request, Mapping[str, Any]], Response]
_MACHINES = ("/api/", "/agent/", "/store/", "/stream", "/static/", "/metrics", "/readyz", "/healthz")


def install(app: FastAPI, page: Page) -> None:
    """Every error leaves the application as a problem: for a browser on a page's address as ``page``."""
    for kind, read in _READERS.items():
        app.add_exception_handler(kind, partial(_answer, page, read))


def _answer(page: Page, read: Callable[[Any], "Problem"], request: Request, error: Exception) -> Response:
    problem = read(error)
    if _wants_page(request):
        return page(request, problem.body())
    return problem.response()


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(_MACHINES)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error on its way out."""

    status: int
    code: str
    detail: str
    remedy: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The document of RFC 9457, with the farm's own ``code`` and ``remedy``."""
        return {
            "type": f"/help/{self.code}", "title": self.code.replace("_", " ").capitalize(),
            "status": int(self.status), "detail": self.detail, "code": self.code, "remedy": self.remedy, **self.more,
        }  # fmt: skip

    def response(self) -> Response:
        """The document on the wire."""
        return JSONResponse(self.body(), self.status, headers=dict(self.headers), media_type=MEDIA_TYPE)


def status_of(error: errors.FarmError) -> HTTPStatus:
    """The status an error is answered with."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def of_farm(error: errors.FarmError, **headers: str) -> Problem:
    """An error of the farm."""
    status = status_of(error)
    asks = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else {}
    asks |= {"Retry-After": str(AGAIN)} if isinstance(error, errors.BusyError) else {}
    return Problem(status, error.code, error.what, error.remedy, asks | headers)


def _of_invalid(error: RequestValidationError) -> Problem:
    faults = [{"pointer": _pointer(fault["loc"]), "detail": fault["msg"]} for fault in error.errors()]
    detail = "; ".join(f"{fault['pointer']}: {fault['detail']}" for fault in faults)
    remedy = "See /api/v1/openapi.json for what is expected here."
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, errors.InvalidInputError.code, detail[:2000], remedy,
        more={"errors": faults[:50]},
    )  # fmt: skip


def _pointer(location: tuple[int | str, ...]) -> str:
    return "/" + "/".join(str(part) for part in location)


def _of_http(error: HTTPException) -> Problem:
    code = "not_found" if error.status_code == HTTPStatus.NOT_FOUND else "invalid_input"
    return Problem(error.status_code, code, str(error.detail), headers=error.headers or {})


def _of_surprise(_error: Exception) -> Problem:
    """The error itself is logged by the server; what it says may hold what is nobody's business."""
    remedy = "It is in the controller's log. Trying again does no harm."
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "farm_error", "The farm met an error of its own.", remedy)


_READERS: dict[type[Exception], Callable[[Any], Problem]] = {
    errors.FarmError: of_farm,
    RequestValidationError: _of_invalid,
    HTTPException: _of_http,
    Exception: _of_surprise,
}
