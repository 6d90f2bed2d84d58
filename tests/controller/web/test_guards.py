"""Nothing is open that should be shut: every route is found in one of the two lists."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from controller.services.farm import Farm
from controller.web.app import create_app
from controller.web.guards import GUARDS, PUBLIC, PUBLIC_EXACTLY, attempt_token, worker
from controller.web.guards import admin as admin_guard


def routes(router: Any) -> Iterator[Any]:
    """Every route, however deep its router was included."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner)
        elif hasattr(route, "dependant"):
            yield route


def guards_of(dependant: Any) -> set[Any]:
    found = {dependant.call} & set(GUARDS)
    for inner in dependant.dependencies:
        found |= guards_of(inner)
    return found


@pytest.fixture
def all_routes(farm: Farm) -> list[Any]:
    found = list(routes(create_app(farm)))
    assert len(found) > 40
    return found


def test_every_route_has_one_guard_or_only_reads_and_is_on_the_public_list(all_routes: list[Any]) -> None:
    for route in all_routes:
        guards = guards_of(route.dependant)
        public = route.path in PUBLIC_EXACTLY or route.path.startswith(PUBLIC)
        reads = route.methods <= {"GET", "HEAD"}
        assert len(guards) == 1 or (not guards and public and reads), (route.path, route.methods, guards)


def test_every_route_that_writes_asks_for_the_right_token(all_routes: list[Any]) -> None:
    for route in all_routes:
        if route.methods <= {"GET", "HEAD"} and not route.path.startswith("/agent/"):
            continue
        guard = guards_of(route.dependant).pop()
        wanted = admin_guard
        if route.path.startswith("/agent/"):
            wanted = attempt_token if "{attempt}" in route.path else worker
        assert guard is wanted, route.path


def test_without_a_token_nothing_that_is_guarded_answers(all_routes: list[Any], client: TestClient) -> None:
    for route in all_routes:
        if not guards_of(route.dependant):
            continue
        values = {
            "batch": "B-1",
            "job": "J-1",
            "attempt": "J-1.1",
            "sha256": "0" * 64,
            "name": "stable@1",
            "worker": "w1",
        }
        path = route.path.replace(":path", "").format_map(values)
        for method in route.methods:
            answer = client.request(method, path, headers={"Upload-Offset": "0", "Upload-Length": "0"})
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_opens_its_own_door_only(client: TestClient, admin: dict[str, str], worker: dict[str, str]) -> None:
    body = {"tree": "/nowhere", "who": "eva"}
    assert client.post("/api/v1/plans", json=body, headers=worker).status_code == 401
    assert client.post("/agent/v1/claims", json={}, headers=admin).status_code == 401
    assert client.post("/api/v1/plans", json=body, headers=admin).status_code == 422


def test_a_farm_without_a_token_has_its_door_shut(farm: Farm) -> None:
    farm.admin_token = ""
    with TestClient(create_app(farm)) as client:
        for given in ("Bearer ", "Bearer x", "Basic eDp5"):
            answer = client.post("/api/v1/plans", json={"tree": "t"}, headers={"Authorization": given})
            assert answer.status_code == 401
