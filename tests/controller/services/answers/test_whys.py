"""Why: one answer, the same words on the page, in the API and on the command line."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from starlette.testclient import TestClient

from controller.cli.why import print_why
from controller.domain.errors import NotFoundError
from controller.services.answers.whys import facts, following, why_in_batch, worst
from controller.services.farm import Farm
from controller.storage import batches
from controller.web.app import create_app
from tests.kit.changing_world import World, surprise
from tests.kit.farms import make_farm
from tests.kit.filled_farm import Filled, fill


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Farm, str]]:
    folder = tmp_path_factory.mktemp("told")
    farm = make_farm(folder)
    yield farm, surprise(World(farm, folder / "tree"))
    farm.close()


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Farm, Filled]]:
    farm = make_farm(tmp_path_factory.mktemp("day"))
    yield farm, fill(farm, farm.now.forward)  # type: ignore[attr-defined]
    farm.close()


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def test_a_member_tells_rule_spec_where_that_came_from_and_path(day: tuple[Farm, Filled]) -> None:
    found = why_in_batch(day[0], day[1].batch, "scipy")
    assert [(m.subdir, m.membership, m.sentence) for m in found.members] == [
        ("linux-64", "rebuild", "Is built again."), ("win-64", "rebuild", "Is built again."),
    ]  # fmt: skip
    assert facts(found.members[0].reasons[0]) == (
        ("rule", "R1: an inherited bound excludes the new package"),
        ("spec", "mkl >=2025.3,<2026.0a0"),
        ("source", "the exports of numpy"),
        ("path", "mkl → mkl-devel → numpy → scipy"),
    )
    assert [(job.kind, job.subdir, job.label) for job in found.members[1].jobs] == [
        ("build", "win-64", "passed"), ("test", "win-64", "failed"),
    ]  # fmt: skip
    assert [worst(member) for member in found.members] == ["done", "broken"]
    assert (found.followers, following(found)) == (("scikit-learn",), "1 package follows from it.")


def test_the_picture_has_the_way_here_and_the_next_with_how_far_they_are(day: tuple[Farm, Filled]) -> None:
    drawn = why_in_batch(day[0], day[1].batch, "scipy").picture
    assert [(n.name, n.lane, n.category, n.here) for n in drawn.nodes] == [
        ("mkl", 0, "done", False), ("mkl-devel", 1, "done", False), ("numpy", 2, "done", False),
        ("scipy", 3, "broken", True), ("scikit-learn", 4, "waiting", False),
    ]  # fmt: skip
    assert drawn.edges[-1] == ("scipy", "scikit-learn")


def test_every_membership_answers_retests_and_what_is_left_alone_too(day: tuple[Farm, Filled]) -> None:
    farm, filled = day
    for name, membership in (("sparse-dot-mkl", "retest"), ("cblas-notes", "nothing")):
        (member,) = why_in_batch(farm, filled.batch, name).members
        assert (member.membership, member.jobs) == (membership, ())


def test_what_a_batch_does_not_reach_and_a_batch_that_is_none_are_not_found(day: tuple[Farm, Filled]) -> None:
    with pytest.raises(NotFoundError, match="reaches nothing named zlib") as said:
        why_in_batch(day[0], day[1].batch, "zlib")
    assert "171 outputs of its trees are untouched" in said.value.remedy
    with pytest.raises(NotFoundError, match="no batch B-99"):
        why_in_batch(day[0], "B-99", "zlib")


def test_after_a_new_decision_it_tells_what_came_of_it(told: tuple[Farm, str]) -> None:
    (member,) = why_in_batch(*told, "mid").members
    assert (member.membership, member.reasons[0].rule) == ("rebuild", "R17")
    assert {(job.kind, job.label) for job in member.jobs} >= {("retest", "escalated"), ("build", "passed")}


def test_a_job_whose_package_the_plan_speaks_of_no_more_still_tells_why(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("gone")
    farm = make_farm(folder)
    batch = surprise(World(farm, folder / "tree"))
    with farm.transaction() as session:
        row = batches.find_batch(session, batch)
        row.plan = row.plan | {"members": []}
        session.add(row)
    found = why_in_batch(farm, batch, "app")
    assert {member.membership for member in found.members} == {"retest", "rebuild"}
    farm.close()


@pytest.mark.parametrize("name", ["lib", "mid", "leaf", "app"])
def test_page_api_and_command_say_exactly_the_same(
    told: tuple[Farm, str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    farm, batch = told
    found = why_in_batch(farm, batch, name)
    with TestClient(create_app(farm)) as client:
        assert client.get(f"/api/v1/batches/{batch}/why/{name}").json() == found.model_dump(mode="json")
        page = plain(client.get(f"/batches/{batch}/why/{name}").text)
    print_why(found)
    for line in (re.sub(r"\s+", " ", printed.strip()) for printed in capsys.readouterr().out.splitlines()):
        if line.startswith(name):
            what, _, done = line.rpartition(": ")
            assert what in page
            assert f"{done} {what}" in page
        elif line.startswith("J-"):
            assert line.split(":")[0] in page
        else:
            said = line.partition(" from it.")
            assert said[0] + said[1] in page
            assert all(word in page for word in said[2].split(", "))
