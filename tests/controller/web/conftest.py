"""A farm behind HTTP: a fresh one for tests that write, one that is half-way through its day for those that look."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from controller.services.farm import Farm
from controller.web.app import create_app
from tests.kit.farms import make_farm
from tests.kit.filled_farm import Filled, fill

ADMIN = {"Authorization": "Bearer admin-secret"}
WORKER = {"Authorization": "Bearer worker-secret"}


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    farm = make_farm(tmp_path)
    yield farm
    farm.close()


@pytest.fixture
def client(farm: Farm) -> Iterator[TestClient]:
    with TestClient(create_app(farm), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def admin() -> dict[str, str]:
    return dict(ADMIN)


@pytest.fixture
def worker() -> dict[str, str]:
    return dict(WORKER)


@pytest.fixture(scope="package")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Farm, Filled]]:
    """A filled farm that no test may change."""
    farm = make_farm(tmp_path_factory.mktemp("busy"))
    yield farm, fill(farm, farm.now.forward)  # type: ignore[attr-defined]
    farm.close()


@pytest.fixture(scope="package")
def looking(busy: tuple[Farm, Filled]) -> Iterator[TestClient]:
    """A client of the filled farm."""
    with TestClient(create_app(busy[0])) as client:
        yield client


@pytest.fixture
def filled(busy: tuple[Farm, Filled]) -> Filled:
    return busy[1]
