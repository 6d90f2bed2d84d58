"""The one map from an error of the farm to an HTTP status, and its form on the wire (RFC 9457)."""

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
    errors.FarmError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The nearest class in an error's own line of descent decides."""

MEDIA_TYPE = "application/problem+json"


def install(app: FastAPI) -> None:
    """Every error leaves the application as a problem."""
    app.add_exception_handler(errors.FarmError, _on_farm_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_surprise)


def status_of(error: errors.FarmError) -> HTTPStatus:
    """The status an error is answered with."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def answer(
    status: int, code: str, detail: str, remedy: str = "", headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """A problem on the wire."""
    body = {
        "type": f"/help/{code}", "title": code.replace("_", " ").capitalize(), "status": int(status),
        "detail": detail, "code": code, "remedy": remedy, **more,
    }  # fmt: skip
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def answer_error(error: errors.FarmError, headers: dict[str, str] | None = None) -> Response:
    """An error of the farm on the wire."""
    status = status_of(error)
    if status is HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer", **(headers or {})}
    return answer(status, error.code, error.what, error.remedy, headers)


async def _on_farm_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.FarmError)  # noqa: S101 -- registered for nothing else
    return answer_error(error)


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- registered for nothing else
    faults = [{"pointer": _pointer(fault["loc"]), "detail": fault["msg"]} for fault in error.errors()]
    detail = "; ".join(f"{fault['pointer']}: {fault['detail']}" for fault in faults)
    remedy = "See /api/v1/openapi.json for what is expected here."
    return answer(
        HTTPStatus.UNPROCESSABLE_ENTITY, errors.InvalidInputError.code, detail[:2000], remedy, errors=faults[:50]
    )


def _pointer(location: tuple[int | str, ...]) -> str:
    return "/" + "/".join(str(part) for part in location)


async def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 -- registered for nothing else
    codes = {404: "not_found", 405: "invalid_input", 413: "invalid_input"}
    code = codes.get(error.status_code, "invalid_input" if error.status_code < 500 else "farm_error")
    return answer(error.status_code, code, str(error.detail), headers=dict(error.headers or {}))


async def _on_surprise(_request: Request, _error: Exception) -> Response:
    """The error itself is logged by the server; what it says may hold what is nobody's business."""
    remedy = "It is in the controller's log. Trying again does no harm."
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "farm_error", "The farm met an error of its own.", remedy)
