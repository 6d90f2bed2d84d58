"""Who may ask: every route that is not public depends on exactly one of these guards.

``PUBLIC`` names what anybody may ask; a test goes through all routes and finds each in one of the two.
"""

import hmac
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from controller.domain.errors import NotPermittedError
from controller.web.asking import AskedFarm

_admin = HTTPBearer(scheme_name="admin", auto_error=False, description="The token in the file admin-token.")
_worker = HTTPBearer(scheme_name="worker", auto_error=False, description="The token in the file worker-token.")
_attempt = HTTPBearer(scheme_name="attempt", auto_error=False, description="The token that came with the claim.")

PUBLIC = ("/api/v1/", "/channels/", "/store/", "/static/", "/help/", "/batches", "/jobs/", "/workers", "/affected")
"""Below these paths, reading (GET and HEAD) is open to everybody who can reach the controller."""
PUBLIC_EXACTLY = (
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/stream",
    "/channels",
    "/favicon.ico",
    "/help",
    "/api",
    "/differences",
    "/failures",
)


class NotSignedInError(NotPermittedError):
    """No token came, or one that is nobody's."""


def admin(farm: AskedFarm, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_admin)]) -> None:
    """Only with the administrator's token."""
    _expect(given, farm.admin_token, "the administrator's token", "Give --token-file, or set FARM_TOKEN.")


def worker(farm: AskedFarm, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_worker)]) -> None:
    """Only with the workers' token."""
    _expect(given, farm.worker_token, "the workers' token", "Start the worker with the token in the file worker-token.")


def attempt_token(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_attempt)]) -> str:
    """Only with a token; whether it is that of the attempt, the services decide."""
    if given is None:
        raise NotSignedInError("This needs the token of an attempt.", remedy="Claim a job; its token comes with it.")
    return given.credentials


AttemptToken = Annotated[str, Depends(attempt_token)]
GUARDS = (admin, worker, attempt_token)


def _expect(given: HTTPAuthorizationCredentials | None, wanted: str, whose: str, remedy: str) -> None:
    """An empty token opens nothing: a farm without one has its door shut."""
    if given is None:
        raise NotSignedInError(f"This needs {whose}.", remedy=remedy)
    if not wanted or not hmac.compare_digest(given.credentials.encode(), wanted.encode()):
        raise NotSignedInError(f"What was given is not {whose}.", remedy=remedy)
