"""Why, affected and differences as pages: bounded, escaped, and clear about what is not there."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from controller.domain.plans import Member, Membership, Reason, Rule
from controller.services.farm import Farm
from controller.services.proposals import Proposal
from controller.storage.batches import find_batch
from controller.storage.tables import to_json
from controller.web.app import create_app
from tests.controller.web.test_pages import EVIL, HTML, Reader
from tests.kit.changing_world import World, surprise
from tests.kit.farms import make_farm
from tests.kit.filled_farm import Filled, output
from tests.kit.rows import draw_batch


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, str, str]]:
    """A client of a farm with a tree, a batch that was decided again, and one that asks for an edit."""
    folder = tmp_path_factory.mktemp("pushed")
    farm = make_farm(folder)
    world = World(farm, folder / "tree")
    world.write("stuck", host=("lib <2",), run=("lib <2",))
    batch = surprise(world)
    world.write("lib", version="2.0", exports=("lib >=2.0,<3",))
    after = world.push("lib 2.0")
    with TestClient(create_app(farm)) as client:
        yield client, batch, after
    farm.close()


def keep_plan(farm: Farm, members: list[Member], **more: Any) -> None:
    with farm.transaction() as session:
        row = find_batch(session, "B-1")
        row.plan = {"members": [to_json(Member, member) for member in members], "current": 3} | more
        session.add(row)


def whole(client: TestClient, path: str) -> str:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200, (path, answer.text)
    page = Reader(answer.text)
    names = [name for name, _ in page.tags]
    assert (names.count("h1"), names.count("table")) == (1, names.count("caption")), path
    assert not [attrs for _, attrs in page.tags if "style" in attrs or any(key.startswith("on") for key in attrs)]
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids)), path
    return answer.text


def test_every_job_and_every_omission_of_a_batch_leads_to_its_why(looking: TestClient, filled: Filled) -> None:
    batch = looking.get(f"/batches/{filled.batch}?recipes=all", headers=HTML).text
    names = {key.split(" ")[1] for key in filled.jobs} | {"sparse-dot-mkl", "pypardiso", "cblas-notes"}
    for name in names:
        assert f'href="/batches/{filled.batch}/why/{name}"' in batch, name
        assert name in whole(looking, f"/batches/{filled.batch}/why/{name}")
    job = looking.get(f"/jobs/{filled.jobs['test scipy win-64']}").text
    assert f'href="/batches/{filled.batch}/why/scipy"' in job


def test_the_picture_is_drawn_with_links_marks_and_words(looking: TestClient, filled: Filled) -> None:
    text = whole(looking, f"/batches/{filled.batch}/why/scipy")
    drawn = text[text.index('<svg class="picture"') : text.index("</svg>", text.index('<svg class="picture"'))]
    assert f'href="/batches/{filled.batch}/why/numpy"' in drawn
    assert "✖ rebuild, failed" in drawn
    assert f'href="/batches/{filled.batch}/why/scipy"' not in drawn
    assert drawn.count("<rect") == 5


def test_what_is_not_there_is_a_page_of_its_own(looking: TestClient, filled: Filled) -> None:
    for path, said in (
        ("/batches/B-99/why/scipy", "There is no batch B-99."), ("/batches/B-99/plan", "There is no batch B-99."),
        (f"/batches/{filled.batch}/why/nobody", f"{filled.batch} reaches nothing named nobody."),
        (f"/batches/{filled.batch}/plan?revision=3", "decided again 0 times, and not 3."),
    ):  # fmt: skip
        answer = looking.get(path, headers=HTML)
        assert (answer.status_code, said in answer.text) == (404, True), path
        assert looking.get(path).json()["code"] == "not_found"
    assert looking.get(f"/api/v1/batches/{filled.batch}/why/nobody").status_code == 404
    assert looking.get(f"/batches/{filled.batch}/why/{'x' * 201}", headers=HTML).status_code == 422


def test_names_that_mean_ill_stay_text_and_lead_nowhere_else(farm: Farm, client: TestClient) -> None:
    draw_batch(farm, {"a": []})
    bad = output(EVIL, "noarch")
    reason = Reason(Rule.R1, EVIL, EVIL, EVIL, ("a", EVIL, "b"))
    keep_plan(
        farm, [Member(bad, Membership.REBUILD, (reason,)), Member(output("b", "noarch"), Membership.RETEST, (reason,))],
        edits=[to_json(Proposal, Proposal(EVIL, f"--- a\n+++ b\n@@ -1 +1 @@\n-{EVIL}\n+{EVIL}\n", (EVIL,)))],
    )  # fmt: skip
    for path in ("/batches/B-1", "/batches/B-1/plan", "/batches/B-1/why/b", "/differences?before=B-1&after=B-1"):
        text = whole(client, path)
        page = Reader(text)
        assert not page.named("img")
        assert not [attrs for attrs in page.named("script") if not attrs.get("src")]
        for attrs in page.named("a"):
            assert (attrs["href"] or "").startswith(("/", "?", "#")) or not attrs["href"], attrs
    for path in (f"/differences?before={EVIL[:40]}&after=B-1", f"/affected?name={EVIL[:60]}&version=2&tree={EVIL}"):
        answer = client.get(path, headers=HTML)
        assert answer.status_code in (404, 422)
        assert not Reader(answer.text).named("img")
    assert client.get("/api/v1/batches/B-1/edits.patch").headers["content-type"].startswith("text/plain")


def test_a_batch_of_thousands_is_shown_in_pages_and_every_list_is_bounded(farm: Farm, client: TestClient) -> None:
    count = 5000
    draw_batch(farm, {"root": [], **{f"pkg-{number}": ["root"] for number in range(count)}})
    reached = [
        Member(
            output(f"pkg-{n}", "linux-64"), Membership.REBUILD if n % 2 else Membership.RETEST,
            (Reason(Rule.R1 if n % 2 else Rule.R2, "root", "root <2", "run_export of root", ("root", f"pkg-{n}")),),
        )
        for n in range(count)
    ]  # fmt: skip
    keep_plan(farm, [Member(output("root", "linux-64"), Membership.REBUILD, (Reason(Rule.CHANGED, "root"),)), *reached])
    plan = whole(client, "/batches/B-1/plan")
    assert plan.count('<tr><th scope="row">') == 100
    assert "1 to 100 of 5,001" in plan
    last = whole(client, "/batches/B-1/plan?membership=retest&rule=R2&first=2401")
    assert "2,401 to 2,500 of 2,500" in last
    assert 'rel="next"' not in last
    why = whole(client, "/batches/B-1/why/root")
    assert "5,000 packages follow from it." in why
    assert why.count("<rect") == 9
    assert why.count("<li>") <= 301
    assert whole(client, "/batches/B-1").count('<tr><th scope="row">') < 1200
    assert "Nothing is like that." in whole(client, "/batches/B-1/plan?first=9999")


def test_what_was_predicted_and_what_came_leads_to_the_difference(pushed: tuple[TestClient, str, str]) -> None:
    client, batch, after = pushed
    assert f'href="/differences?before={batch}@0&amp;after={batch}"' in whole(client, f"/batches/{batch}")
    text = whole(client, f"/differences?before={batch}@0&after={batch}")
    said = client.get(f"/api/v1/differences?before={batch}@0&after={batch}").json()
    assert [(old["membership"], new["membership"], new["name"]) for old, new in said["moved"]] == [
        ("retest", "rebuild", "app"), ("retest", "rebuild", "mid"),
    ]  # fmt: skip
    assert "2 done otherwise" in text
    assert f"farm plan diff {batch}@0 {batch}@3" in text
    assert f"/differences?before={batch}@1&amp;after={batch}@2" in text
    assert "Only in the second" in whole(client, f"/differences?before={batch}&after={after}")
    assert "As it was" in whole(client, f"/batches/{batch}/plan?revision=0")


def test_without_both_plans_the_page_asks_for_them_and_faults_stand_beside_the_form(
    pushed: tuple[TestClient, str, str],
) -> None:
    client, batch, _ = pushed
    assert "verdict" not in whole(client, f"/differences?before={batch}")
    answer = client.get(f"/differences?before={batch}@9&after={batch}", headers=HTML)
    assert (answer.status_code, "and not 9" in answer.text, 'name="before"' in answer.text) == (404, True, True)


def test_proposed_edits_are_diffs_and_one_patch(pushed: tuple[TestClient, str, str]) -> None:
    client, _, after = pushed
    text = whole(client, f"/batches/{after}")
    assert '<span class="removed">-    - &#39;lib &lt;2&#39;' in text
    assert f"/api/v1/batches/{after}/edits.patch | git apply" in text
    patch = client.get(f"/api/v1/batches/{after}/edits.patch").text
    shown = re.search(r'<pre class="diff"[^>]*>(.*?)</pre>', text, re.DOTALL)
    assert shown is not None
    assert unescape(re.sub(r"<[^>]+>", "", shown[1])) == patch
    assert client.get(f"/api/v1/batches/{after}").json()["edits"][0]["diff"] == patch


def test_a_batch_without_edits_has_an_empty_patch(looking: TestClient, farm: Farm, client: TestClient) -> None:
    draw_batch(farm, {"a": []})
    assert client.get("/api/v1/batches/B-1/edits.patch").text == ""
    assert 'id="edits"' not in client.get("/batches/B-1", headers=HTML).text


def test_the_form_asks_and_the_answer_is_that_of_the_api(pushed: tuple[TestClient, str, str]) -> None:
    client = pushed[0]
    assert 'class="verdict' not in whole(client, "/affected")
    text = whole(client, "/affected?name=lib&version=3.0")
    said = client.get("/api/v1/affected?name=lib&version=3.0").json()
    assert {member["name"] for member in said["members"]} == {"lib", "mid", "leaf", "app", "stuck"}
    for member in said["members"]:
        assert unescape(text).count(member["reasons"][0]["sentence"])
        link = re.search(rf'href="(/affected/why/{member["name"]}\?[^"]+)"', text)
        assert link is not None
        why = whole(client, unescape(link[1]))
        assert member["reasons"][0]["sentence"] in unescape(why)
    (rule,) = {m["reasons"][0]["rule"] for m in said["members"] if m["membership"] == "recipe edit"}
    only = whole(client, f"/affected?name=lib&version=3.0&membership=recipe+edit&rule={rule}")
    assert only.count('<tr><th scope="row">') == 1
    assert "farm affected lib=3.0 --tree " in text


def test_nobody_asks_about_a_tree_that_was_never_pushed(pushed: tuple[TestClient, str, str], tmp_path: Path) -> None:
    client = pushed[0]
    for path, status, said in (
        (f"/affected?name=lib&version=3&tree={tmp_path}", 404, "was never pushed"),
        ("/affected?name=nobody&version=3", 404, "Nothing in the tree makes nobody"),
        ("/affected?name=lib&version=!", 422, "is no package with a version"),
    ):
        answer = client.get(path, headers=HTML)
        assert (answer.status_code, said in answer.text, 'name="version"' in answer.text) == (status, True, True), path
        api = client.get(f"/api/v1{path}")
        assert (api.status_code, said in api.json()["detail"]) == (status, True), path
    assert client.get("/affected/why/nobody?name=lib&version=3.0", headers=HTML).status_code == 404


def test_a_farm_that_is_busy_says_when_to_come_again(pushed: tuple[TestClient, str, str]) -> None:
    client = pushed[0]
    farm: Farm = client.app.state.farm  # type: ignore[attr-defined]
    farm.enquiries._waiting, before = 99, farm.enquiries._waiting
    try:
        answer = client.get("/affected?name=lib&version=77", headers=HTML)
        assert (answer.status_code, answer.headers["refresh"], "Ask again" in answer.text) == (503, "10", True)
        api = client.get("/api/v1/affected?name=lib&version=78")
        assert (api.status_code, api.json()["code"], api.headers["retry-after"]) == (503, "too_busy", "10")
    finally:
        farm.enquiries._waiting = before


def test_an_empty_farm_says_that_there_is_no_tree_yet(client: TestClient) -> None:
    assert "there is no tree to ask about" in whole(client, "/affected")
    assert client.get("/api/v1/affected?name=lib&version=3").status_code == 404
