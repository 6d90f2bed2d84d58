"""The API as a page: every operation with its sentence and who may ask it."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from controller.web.asking import AskedFarm
from controller.web.rendering import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_METHODS = ("get", "head", "post", "patch")


@router.get("/api")
def api_page(farm: AskedFarm, request: Request) -> HTMLResponse:
    """Every operation, by its tag."""
    document: dict[str, Any] = request.app.openapi()
    groups: dict[str, list[dict[str, str]]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                groups.setdefault(methods[method]["tags"][0], []).append(_operation(method, path, methods[method]))
    return page(farm, "api", groups=groups, stream="")


def _operation(method: str, path: str, said: dict[str, Any]) -> dict[str, str]:
    guards = [name for wanted in said.get("security", ()) for name in wanted]
    return {
        "method": method.upper(), "path": path, "id": said["operationId"], "text": said.get("description", ""),
        "guard": guards[0] if guards else "",
    }  # fmt: skip
