"""``pause``, ``resume``, ``farm paused`` and ``farm pool list``, asked of a real controller."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.services.farm import Farm
from tests.kit.farms import make_farm
from tests.kit.rows import draw_batch

from .conftest import Type
from .serving import serving


@pytest.fixture
def told(typed: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    farm: Farm = make_farm(tmp_path / "farm")
    draw_batch(farm, {"one": ()})
    with serving(farm) as url:
        monkeypatch.setenv("FARM_SERVER", url)
        monkeypatch.setenv("FARM_TOKEN", farm.admin_token)
        yield typed
    farm.close()


@pytest.mark.parametrize(("kind", "name"), [("batch", "B-1"), ("recipe", "one"), ("pool", "linux-64")])
def test_what_is_paused_is_told_listed_and_resumed(told: Type, kind: str, name: str) -> None:
    begun = told(kind, "pause", name, "--why", "the mirror is down", "--until", "2d")
    assert begun.code == 0
    assert f"{kind} {name}: Paused by" in begun.out
    assert "until 2026-11-25 12:00 UTC: the mirror is down." in begun.out
    listed = told("paused")
    assert name in listed.out
    assert "the mirror is down" in listed.out
    assert told("paused", "-o", "name").out.split() == [name]
    assert f"{kind} {name} goes on" in told(kind, "resume", name).out
    assert told("paused", "-o", "name").out == ""


def test_a_pool_says_that_it_is_paused(told: Type) -> None:
    told("pool", "pause", "osx-64")
    assert "osx-64" in told("pool", "list").out
    assert "Paused by" in told("pool", "list", "-o", "json").out


def test_an_end_that_is_none_says_what_one_looks_like(told: Type) -> None:
    refused = told("pool", "pause", "osx-64", "--until", "soon")
    assert refused.code != 0
    assert "'soon' is no end." in refused.err
    assert "90m, 4h, 2d" in refused.err
