"""``farm upstream``, asked of a real controller."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.services.farm import Farm
from tests.kit.farms import make_farm
from tests.kit.upstream_channel import UpstreamChannel, in_folder
from tests.kit.watching_world import NEXT, WatchingWorld

from .conftest import Type
from .serving import serving


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    farm = make_farm(tmp_path / "farm")
    yield farm
    farm.close()


@pytest.fixture
def told(typed: Type, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """Commands that find the real controller."""
    with serving(farm) as url:
        monkeypatch.setenv("FARM_SERVER", url)
        monkeypatch.setenv("FARM_TOKEN", farm.admin_token)
        yield typed


@pytest.fixture
def world(farm: Farm, tmp_path: Path) -> WatchingWorld:
    folder = tmp_path / "channel"
    world = WatchingWorld(farm, tmp_path / "tree", str(folder), UpstreamChannel(in_folder(folder)))
    world.begin()
    return world


def test_a_farm_that_watches_nothing_says_how_to(told: Type) -> None:
    assert "No channel is watched: name one in a table [[watch]] of farm.toml." in told("upstream", "list").out


def test_a_check_now_shows_what_moved_and_the_batch_that_came_of_it(told: Type, world: WatchingWorld) -> None:
    world.hold(NEXT)
    assert told("upstream", "check", "-o", "name").out == ""
    done = told("upstream", "check", "--now", "-o", "name")
    (batch,) = world.batches()
    assert done.out.split() == [batch.name]
    text = told("upstream", "list").out
    assert all(word in text for word in ("mkl", "linux-64", "2025.3", "2026.1", batch.name))
    assert "2026.1" in told("batch", "view", batch.name).out
