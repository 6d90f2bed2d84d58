"""``farm failures`` and ``farm worker resume``, asked of a real controller."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.services import leases
from controller.services.farm import Farm
from tests.controller.web.test_failures import fail
from tests.kit.farms import make_farm
from tests.kit.rows import asking, draw_batch
from workers.contract.reports import Outcome

from .conftest import Type
from .serving import serving


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    farm = make_farm(tmp_path / "farm")
    yield farm
    farm.close()


@pytest.fixture
def told(typed: Type, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    with serving(farm) as url:
        monkeypatch.setenv("FARM_SERVER", url)
        monkeypatch.setenv("FARM_TOKEN", farm.admin_token)
        yield typed


def test_a_failure_is_told_listed_and_forgotten(told: Type, farm: Farm) -> None:
    draw_batch(farm, {"one": ()})
    job = fail(farm, "w1", "one.c:1: error: no")
    assert "It did not compile; not tried again" in told("job", "view", job).out
    listed = told("failures", "list").out
    assert "compile" in listed
    assert told("failures", "list", "-o", "name").out.split() == [job]
    assert "1 failure forgotten" in told("failures", "forget", "one").out
    assert told("failures", "list", "-o", "name").out == ""
    assert "No failure of 'one' is remembered." in told("failures", "forget", "one").err


def test_a_drained_worker_is_shown_and_resumed(told: Type, farm: Farm) -> None:
    draw_batch(farm, dict.fromkeys(("one", "two", "three", "four"), ()))
    leases.claim(farm, asking("good"))
    for _ in range(3):
        fail(farm, "bad", "at work", Outcome.INFRASTRUCTURE)
    assert "farm worker resume bad" in told("worker", "list").out
    assert "bad is idle" in told("worker", "resume", "bad", "--why", "new disk").out
    assert "resume" not in told("worker", "list").out
