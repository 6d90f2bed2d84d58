"""Pauses over the API and on the pages."""

from starlette.testclient import TestClient

from controller.services.farm import Farm
from tests.kit.rows import draw_batch


def test_a_recipe_is_paused_shown_and_resumed_by_who_may(farm: Farm, client: TestClient, admin: dict[str, str]) -> None:
    draw_batch(farm, {"one": ()})
    body = {"kind": "recipe", "name": "one", "who": "eva", "why": "a <b>bad</b> tag", "seconds": 3600}
    assert client.post("/api/v1/pauses", json=body).status_code == 401
    begun = client.post("/api/v1/pauses", json=body, headers=admin).json()
    assert (begun["kind"], begun["name"], begun["until"]) == ("recipe", "one", "2026-11-23T13:00:00Z")
    assert begun["sentence"] == (
        "Paused by eva since 2026-11-23 12:00 UTC, until 2026-11-23 13:00 UTC: a <b>bad</b> tag."
    )
    assert client.get("/api/v1/pauses").json()["items"] == [begun]
    page = client.get("/workers").text
    assert "a &lt;b&gt;bad&lt;/b&gt; tag" in page
    assert "farm recipe resume one" in page
    assert "The recipe one is paused by eva" in client.get("/jobs/J-1").text
    over = {"kind": "recipe", "name": "one", "who": "bob"}
    assert client.post("/api/v1/pauses/resume", json=over).status_code == 401
    assert client.post("/api/v1/pauses/resume", json=over, headers=admin).json()["items"] == []
    again = client.post("/api/v1/pauses/resume", json=over, headers=admin)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    assert ">Paused<" not in client.get("/workers").text


def test_a_paused_batch_says_by_whom_and_how_it_goes_on(farm: Farm, client: TestClient, admin: dict[str, str]) -> None:
    draw_batch(farm, {"one": ()})
    client.post("/api/v1/pauses", json={"kind": "batch", "name": "b-1", "who": "eva"}, headers=admin)
    batch = client.get("/api/v1/batches/B-1").json()
    assert (batch["state"], batch["label"]) == ("held", "paused")
    assert batch["verdict"].startswith("Paused by eva since 2026-11-23 12:00 UTC, until a person resumes it.")
    page = client.get("/batches/B-1").text
    assert "farm batch resume B-1" in page
    assert "farm batch release B-1" not in page
    refused = client.post("/api/v1/batches/B-1/release", json={}, headers=admin)
    assert (refused.status_code, refused.json()["remedy"]) == (409, "`farm batch resume B-1` lets it go on.")


def test_a_paused_pool_is_marked(farm: Farm, client: TestClient, admin: dict[str, str]) -> None:
    client.post("/api/v1/pauses", json={"kind": "pool", "name": "osx-64", "who": "eva"}, headers=admin)
    (pool,) = client.get("/api/v1/pools").json()["items"]
    assert (pool["name"], pool["paused"][:13]) == ("osx-64", "Paused by eva")
    assert "paused</span>" in client.get("/").text


def test_an_end_that_is_past_or_no_instant_is_refused(client: TestClient, admin: dict[str, str]) -> None:
    body = {"kind": "pool", "name": "osx-64", "until": "2026-11-22T12:00:00Z"}
    assert client.post("/api/v1/pauses", json=body, headers=admin).status_code == 422
    body["until"] = "2026-11-24T12:00:00"
    assert client.post("/api/v1/pauses", json=body, headers=admin).status_code == 422
    assert client.get("/api/v1/pauses").json()["items"] == []
