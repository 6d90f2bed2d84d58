"""Cases, quarantine and expected failures over HTTP: as a worker reports them, and as people read them."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from controller.services import intake
from controller.services.farm import Farm
from tests.controller.web.test_agent import bearer, claim
from tests.kit.brittle_tree import TEST, BrittleTree, ran
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker, job_of
from workers.contract import paths
from workers.contract.reports import Outcome, Report, TestOutcome

ODD = "a::<b>x</b>"


@pytest.fixture
def tree(farm: Farm, tmp_path: Path) -> BrittleTree:
    return BrittleTree(farm, tmp_path / "tree")


def report(client: TestClient, worker: dict[str, str], test: TestOutcome) -> str:
    """The next claim, a test, fails so; answers its job."""
    held = claim(client, worker)
    assert held is not None
    assert job_of(held) == TEST
    line = b"E   AssertionError: the clock stood still\n"
    headers = bearer(held) | {paths.OFFSET_HEADER: "0"}
    assert client.post(paths.log(held.attempt), content=line, headers=headers).status_code == 204
    said = Report(lease=held.lease, outcome=Outcome.FAILED, phase="test", tests=(test,))
    answer = client.post(paths.report(held.attempt), json=said.model_dump(mode="json"), headers=bearer(held))
    assert (answer.status_code, answer.json()["accepted"]) == (200, True)
    return held.spec.job


def test_a_worker_reports_cases_and_people_read_them_with_their_history(
    farm: Farm, client: TestClient, worker: dict[str, str], tree: BrittleTree
) -> None:
    tree.push(ran())
    write_recipe(tree.folder, "one", version="9.0")
    commit(tree.folder, "nine")
    intake.push(farm, str(tree.folder), None, who="ana")
    SimulatedWorker(farm).step()
    job = report(client, worker, ran(ODD))
    assert client.get(f"/api/v1/jobs/{job}").json()["state"] == "ready"
    assert report(client, worker, ran(ODD)) == job
    view = client.get(f"/api/v1/jobs/{job}").json()
    assert view["state"] == "failed"
    tested = view["tested"]
    assert (tested["line"], tested["passed"], tested["failed"], tested["skipped"]) == (
        "41 passed, 1 failed, 2 skipped", 41, 1, 2,
    )  # fmt: skip
    (case,) = tested["cases"]
    assert (case["name"], case["where"], case["history"]) == (ODD, "t.py:7", "failed 1 of the last 2 runs")
    page = client.get(f"/jobs/{job}").text
    assert "41 passed, 1 failed, 2 skipped" in page
    assert "a::&lt;b&gt;x&lt;/b&gt;" in page
    assert "failed 1 of the last 2 runs" in page


def test_a_case_is_quarantined_shown_and_released_by_who_may(
    client: TestClient, admin: dict[str, str], tree: BrittleTree
) -> None:
    asked = {"name": "one", "case": ODD, "subdir": "noarch", "who": "eva", "why": "issue 12", "seconds": 86400}
    assert client.post("/api/v1/quarantines", json=asked).status_code == 401
    said = client.post("/api/v1/quarantines", json=asked, headers=admin).json()
    assert said["sentence"] == "Quarantined by eva since 2026-11-23 until 2026-11-24: issue 12."
    no_reason = client.post("/api/v1/quarantines", json=asked | {"why": ""}, headers=admin)
    assert no_reason.status_code == 422
    assert [each["case"] for each in client.get("/api/v1/quarantines").json()["items"]] == [ODD]
    assert "a::&lt;b&gt;x&lt;/b&gt;" in client.get("/failures").text
    tree.push(ran())
    batch = tree.push(ran(ODD), ran(ODD))
    job = client.get(f"/api/v1/jobs/{tree.job().public}").json()
    assert (job["state"], job["remark"], job["label"]) == ("passed", "failed_quarantined", "failed, quarantined")
    assert job["remarks"][0]["label"] == "failed, quarantined"
    page = client.get(f"/batches/{batch}").text
    assert "Known to fail" in page
    assert "is quarantined by eva until 2026-11-24: issue 12." in page
    assert "failed, quarantined" in client.get(f"/jobs/{job['id']}").text
    gone = client.post("/api/v1/quarantines/release", json={"name": "one", "who": "eva"}, headers=admin)
    assert gone.json() == {"released": 1}
    again = client.post("/api/v1/quarantines/release", json={"name": "one"}, headers=admin)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    assert client.post("/api/v1/quarantines/release", json={"name": "one"}).status_code == 401


def test_a_case_that_comes_and_goes_is_listed_beside_its_test(client: TestClient, tree: BrittleTree) -> None:
    for _ in range(3):
        tree.push(ran("a::x"), ran())
    found = {each["case"]: each for each in client.get("/api/v1/flakes").json()["items"]}
    assert (found["a::x"]["flakes"], found["a::x"]["recent"], found["a::x"]["recent_runs"]) == (3, 3, 3)
    assert "Quarantined by the farm" in found["a::x"]["quarantined"]
    assert (found[""]["flakes"], found[""]["quarantined"]) == (3, "")
    assert "3 of 3" in client.get("/failures").text


def test_what_now_passes_is_told_where_people_look(client: TestClient, tree: BrittleTree) -> None:
    tree.say('[[tree.expected]]\npackages = ["one"]\nkind = "test"\nwhy = "issue <7>"\nuntil = "never"\n')
    batch = tree.push(ran())
    (item,) = client.get("/api/v1/expectations").json()["items"]
    assert (item["state"], item["label"], item["until"]) == ("now_passes", "now passes", None)
    page = client.get("/failures").text
    assert "now passes" in page
    assert "issue &lt;7&gt;" in page
    assert "now passes, though its tree expects it to fail" in client.get(f"/batches/{batch}").text
    assert client.get(f"/api/v1/batches/{batch}").json()["remarks"][0]["kind"] == "now_passes"
