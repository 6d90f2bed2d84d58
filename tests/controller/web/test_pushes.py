"""Pushes that wait for more: what the API answers, and what the pages say."""

from pathlib import Path

from starlette.testclient import TestClient

from controller.services import bursts
from controller.services.farm import Farm
from tests.kit.recipe_trees import commit, write_recipe


def test_a_push_that_waits_is_accepted_shown_and_then_one_batch_that_names_it(
    farm: Farm, client: TestClient, admin: dict[str, str], tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    write_recipe(tree, "lib")
    (tree / "farm.toml").write_text("[tree.policy]\ncoalesce_seconds = 60\n")
    for version in ("1.1", "1.2"):
        write_recipe(tree, "lib", version=version)
        body = {"tree": str(tree), "rev": commit(tree, f"lib {version}"), "who": "eva"}
        answer = client.post("/api/v1/changes", json=body, headers=admin)
        assert (answer.status_code, answer.headers["Location"]) == (202, "/api/v1/pushes")
        assert answer.json()["sentence"] == "waits 60 s for more pushes"
    assert [push["summary"] for push in client.get("/api/v1/pushes").json()["items"]] == ["lib 1.1", "lib 1.2"]
    assert "waits 60 s for more pushes" in client.get("/batches").text
    farm.now.forward(61)  # type: ignore[attr-defined]
    bursts.open_due(farm)
    assert client.get("/api/v1/pushes").json()["items"] == []
    view = client.get("/api/v1/batches/B-1").json()
    assert [push["summary"] for push in view["pushes"]] == ["lib 1.1", "lib 1.2"]
    page = client.get("/batches/B-1").text
    assert "Pushed lib 1.1" in page
    assert "Pushed lib 1.2" in page
    again = client.post("/api/v1/changes", json=body, headers=admin)
    assert (again.status_code, again.json()["batch"]) == (200, "B-1")


def test_a_push_at_once_waits_for_nobody(client: TestClient, admin: dict[str, str], tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_recipe(tree, "lib")
    (tree / "farm.toml").write_text("[tree.policy]\ncoalesce_seconds = 60\n")
    body = {"tree": str(tree), "rev": commit(tree, "all begin"), "who": "eva", "at_once": True}
    answer = client.post("/api/v1/changes", json=body, headers=admin)
    assert (answer.status_code, answer.json()["batch"]) == (201, "B-1")
