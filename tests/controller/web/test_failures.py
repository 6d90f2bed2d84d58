"""Failures, their acts and drained workers over the API and on the pages."""

from starlette.testclient import TestClient

from controller.services import leases
from controller.services.farm import Farm
from controller.storage import flakes
from controller.storage.flakes import FlakeRow
from tests.kit.rows import asking, draw_batch
from tests.kit.simulated_worker import SimulatedWorker
from workers.contract.reports import Outcome


def fail(farm: Farm, worker: str, line: str, outcome: Outcome = Outcome.FAILED) -> str:
    claim = leases.claim(farm, asking(worker))
    assert claim is not None
    hands = SimulatedWorker(farm, worker)
    hands.write(claim, line)
    hands.report(claim, outcome)
    return claim.spec.job


def test_a_job_tells_the_class_of_its_failure_and_what_followed(farm: Farm, client: TestClient) -> None:
    draw_batch(farm, {"one": ()})
    job = fail(farm, "w1", "one.c:1: error: <b>no</b>")
    view = client.get(f"/api/v1/jobs/{job}").json()
    said = "It did not compile; not tried again: the same sources give the same errors."
    assert (view["failure"], view["consequence"]) == ("compile", said)
    assert [(each["failure"], each["act"], each["consequence"]) for each in view["tries"]] == [
        ("compile", "nothing", said)
    ]
    assert said in client.get(f"/jobs/{job}").text


def test_a_repeated_job_says_what_it_waits_for_and_until_when(farm: Farm, client: TestClient) -> None:
    draw_batch(farm, {"one": (), "two": ()})
    leases.claim(farm, asking("good"))
    lost = fail(farm, "bad", "at work", Outcome.INFRASTRUCTURE)
    view = client.get(f"/api/v1/jobs/{lost}").json()
    assert view["why_not"][0] == "Until 12:10 UTC it waits for another worker than bad."
    assert "Until 12:10 UTC it waits for another worker than bad." in client.get(f"/jobs/{lost}").text


def test_a_known_failure_is_listed_shown_and_forgotten_by_who_may(
    farm: Farm, client: TestClient, admin: dict[str, str]
) -> None:
    draw_batch(farm, {"one": ()})
    assert "Nothing that failed is remembered." in client.get("/failures").text
    job = fail(farm, "w1", "one.c:1: error: <b>no</b>")
    (known,) = client.get("/api/v1/failures").json()["items"]
    assert (known["job"], known["failure"], known["spared"]) == (job, "compile", 0)
    page = client.get("/failures").text
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert client.post("/api/v1/failures/forget", json={"named": job}).status_code == 401
    done = client.post("/api/v1/failures/forget", json={"named": job, "who": "eva"}, headers=admin)
    assert done.json() == {"forgotten": 1}
    again = client.post("/api/v1/failures/forget", json={"named": job}, headers=admin)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


def test_a_drained_worker_says_why_and_is_resumed(farm: Farm, client: TestClient, admin: dict[str, str]) -> None:
    draw_batch(farm, dict.fromkeys(("one", "two", "three", "four"), ()))
    leases.claim(farm, asking("good"))
    for _ in range(3):
        fail(farm, "bad", "at work", Outcome.INFRASTRUCTURE)
    workers = {each["name"]: each for each in client.get("/api/v1/workers").json()["items"]}
    assert (workers["bad"]["state"], workers["good"]["drained"]) == ("draining", "")
    assert workers["bad"]["drained"] == "it lost 3 different jobs in a row: J-2, J-3, J-4"
    assert "farm worker resume bad" in client.get("/workers").text
    done = client.post("/api/v1/workers/bad/resume", json={"who": "eva"}, headers=admin).json()
    assert (done["state"], done["drained"]) == ("idle", "")
    assert client.post("/api/v1/workers/nobody/resume", json={}, headers=admin).status_code == 404


def test_a_test_that_came_and_went_is_listed_and_shown(farm: Farm, client: TestClient) -> None:
    draw_batch(farm, {"one": ()})
    assert client.get("/api/v1/flakes").json()["items"] == []
    assert "None was seen." in client.get("/failures").text
    with farm.transaction() as session:
        flakes.count(
            session,
            FlakeRow(recipe="r", name="n", subdir="s", runs=1, flakes=1, line="a <b>", job="J-1", at=farm.now()),
        )
    (item,) = client.get("/api/v1/flakes").json()["items"]
    assert (item["name"], item["flakes"], item["runs"]) == ("n", 1, 1)
    assert "a &lt;b&gt;" in client.get("/failures").text
