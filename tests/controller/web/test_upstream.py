"""Watched channels over the API, and on the pages where an operator looks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from controller.domain.upstream import WatchedChannel
from controller.services.farm import Farm
from tests.kit.upstream_channel import UpstreamChannel, in_folder
from tests.kit.watching_world import NEXT, WatchingWorld


@pytest.fixture
def world(farm: Farm, tmp_path: Path) -> Iterator[WatchingWorld]:
    folder = tmp_path / "channel"
    world = WatchingWorld(farm, tmp_path / "tree", str(folder), UpstreamChannel(in_folder(folder)))
    world.begin()
    return world


def test_a_check_looks_at_what_is_due_and_now_at_everything(
    world: WatchingWorld, client: TestClient, admin: dict[str, str]
) -> None:
    world.hold(NEXT)
    assert client.post("/api/v1/upstream/check").status_code == 401
    early = client.post("/api/v1/upstream/check", headers=admin).json()
    assert early["moves"] == []
    found = client.post("/api/v1/upstream/check", params={"now": "true"}, headers=admin).json()
    (move,) = found["moves"]
    assert (move["name"], move["subdir"], move["state"]) == ("mkl", "linux-64", "batch")
    assert [(watch["subdir"], watch["error"]) for watch in found["channels"]] == [("linux-64", ""), ("noarch", "")]
    assert client.get("/api/v1/upstream").json() == found
    batch = client.get(f"/api/v1/batches/{move['batch']}").json()
    assert (batch["kind"], [moved["after"] for moved in batch["moves"]]) == ("upstream", [move["after"]])


def test_the_first_page_shows_channels_their_errors_and_what_moved(world: WatchingWorld, client: TestClient) -> None:
    world.hold(NEXT)
    world.look()
    world.farm.rules = replace(
        world.farm.rules,
        watch=(*world.farm.rules.watch, WatchedChannel("http://eva:secret@127.0.0.1:9/c", ("win-64",))),
    )
    world.look()
    text = client.get("/").text
    assert "<h2>Watched channels</h2>" in text
    assert f"<td>2025.3 {world.channel.held[0].build}</td><td>2026.1 {NEXT.build}</td>" in text
    assert "http://***@127.0.0.1:9/c" in text
    assert "win-64/repodata.json.zst cannot be had" in text
    assert "secret" not in text + client.get("/api/v1/upstream").text


def test_the_page_of_a_batch_says_what_moved(world: WatchingWorld, client: TestClient) -> None:
    world.hold(NEXT)
    world.look()
    (batch,) = world.batches()
    text = client.get(f"/batches/{batch.name}").text
    assert "<h2>Moved in other channels" in text
    assert f"2026.1 {NEXT.build}" in text


def test_a_farm_that_watches_nothing_shows_nothing_of_it(client: TestClient) -> None:
    assert "Watched channels" not in client.get("/").text
    assert client.get("/api/v1/upstream").json() == {"channels": [], "moves": []}
