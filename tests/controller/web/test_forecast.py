"""The forecast on a batch's page and in the API: the same figures, while anything is left."""

import re

from starlette.testclient import TestClient

from controller.domain.batches import BatchState
from controller.domain.forecasts import Holding
from controller.services.farm import Farm
from controller.storage.batches import find_batch
from controller.storage.tables import to_json
from tests.kit.filled_farm import Filled
from tests.kit.rows import draw_batch


def section(text: str) -> str:
    found = re.search(r'<section id="forecast">.*?</section>', text, re.DOTALL)
    return found[0] if found else ""


def test_a_running_batch_shows_what_is_left_and_the_command_that_tells_it(looking: TestClient, filled: Filled) -> None:
    shown = section(looking.get(f"/batches/{filled.batch}").text)
    told = looking.get(f"/api/v1/batches/{filled.batch}/forecast").json()
    assert told["range"] in shown
    assert f"farm batch forecast {filled.batch}" in shown
    for sentence in told["sentences"]:
        assert sentence.replace("'", "&#39;") in shown
    assert looking.get(f"/api/v1/batches/{filled.batch}").json()["forecast"]["jobs"] == told["jobs"]


def test_the_longest_chain_leads_to_its_jobs(farm: Farm, client: TestClient) -> None:
    numbers = draw_batch(farm, {"mkl": (), "numpy": ("mkl",)})
    shown = section(client.get("/batches/B-1").text)
    assert [f"J-{numbers[name]}" for name in ("mkl", "numpy")] == re.findall(r'href="/jobs/(J-\d+)"', shown)


def test_a_settled_batch_compares_what_was_expected_with_what_it_took(farm: Farm, client: TestClient) -> None:
    draw_batch(farm, {"mkl": ()})
    with farm.transaction() as session:
        row = find_batch(session, "B-1")
        row.plan = {"expected": {"lower": 7200.0, "middle": 9000.0, "upper": 14_400.0}}
        farm.now.forward(10_800)  # type: ignore[attr-defined]
        row.state, row.settled_at = BatchState.FAILED.value, farm.now()
        session.add(row)
    assert "When it was opened 2 to 4 h were expected; it took 3 h." in section(client.get("/batches/B-1").text)
    found = client.get("/api/v1/batches/B-1").json()
    assert (found["forecast"], found["expected"]) == (None, "2 to 4 h")


def test_a_held_batch_says_why_with_figures(farm: Farm, client: TestClient) -> None:
    draw_batch(farm, {"mkl": ()})
    with farm.transaction() as session:
        row = find_batch(session, "B-1")
        row.state, row.plan = BatchState.HELD.value, {"held": to_json(Holding, Holding(2500, 2000))}
        session.add(row)
    said = "Held: 2,500 jobs, and more than 2,000 go only when a person releases them."
    assert said in client.get("/batches/B-1").text
    assert client.get("/api/v1/batches").json()["items"][0]["verdict"] == said


def test_of_no_batch_there_is_no_forecast(client: TestClient) -> None:
    assert client.get("/api/v1/batches/B-9/forecast").status_code == 404


def test_the_numbers_of_a_batch_are_for_those_who_may_push(
    farm: Farm, client: TestClient, admin: dict[str, str]
) -> None:
    draw_batch(farm, {"mkl": ()})
    assert client.post("/api/v1/batches/B-1/numbers", json={}).status_code == 401
    assert client.post("/api/v1/batches/B-9/numbers", json={}, headers=admin).status_code == 404
