"""What was predicted and what came, as pages, API and command tell it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from controller.cli.batch import print_batch
from controller.services.answers.batches import batch_view
from controller.services.answers.jobs import job_view
from controller.services.farm import Farm
from controller.storage import batches
from controller.web.app import create_app
from tests.kit.changing_world import World, surprise
from tests.kit.farms import make_farm


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Farm, str, World]]:
    """A batch in which a symbol was gone, one rebuild came of that, and one retest failed."""
    folder = tmp_path_factory.mktemp("told")
    farm = make_farm(folder)
    world = World(farm, folder / "tree")
    batch = surprise(world)
    yield farm, batch, world
    farm.close()


def test_each_new_decision_is_told_with_what_it_changed_and_why(told: tuple[Farm, str, World]) -> None:
    view = batch_view(told[0], told[1])
    first, second, third = view.revisions
    assert [first.sentence, second.sentence, third.sentence] == ["1 escalated.", "1 escalated.", "1 stopped here."]
    assert [first.number, second.number, third.number] == [1, 2, 3]
    (change,) = first.changes
    assert (change.turn, change.kind, change.name, change.reason.rule) == ("escalated", "build", "mid", "R17")
    assert change.reason.sentence == "It uses what is gone from lib: f_old of liblib.so.1."
    assert second.changes[0].reason.sentence.startswith("Its record admits the new lib, but its tests fail with it: ")
    assert job_view(told[0], change.job).added_by == 1


def test_what_was_built_is_told_beside_what_was_there(told: tuple[Farm, str, World]) -> None:
    found = {each.name: each for each in batch_view(told[0], told[1]).differences}
    assert found["lib"].breaks
    assert "liblib.so.1 lacks what it had: f_old." in found["lib"].sentences
    assert found["lib"].before != found["lib"].file
    assert (found["app"].unchanged, found["app"].breaks) == (True, False)
    assert "mid" not in found


def test_what_could_not_be_decided_again_says_why(told: tuple[Farm, str, World]) -> None:
    farm, _, world = told
    batch = world.change_lib("# once more")
    with farm.transaction() as session:
        row = batches.find_batch(session, batch)
        row.basis = {}
        session.add(row)
    world.worker.fail = {("test", "app")}
    world.worker.finish()
    world.worker.fail = set()
    (revision,) = batch_view(farm, batch).revisions
    assert revision.sentence == (
        "It could not be decided again, so it goes on as it was planned: nobody knows what it was decided on."
    )


def test_the_page_and_the_api_show_it(told: tuple[Farm, str, World]) -> None:
    farm, batch, _ = told
    with TestClient(create_app(farm)) as client:
        text = client.get(f"/batches/{batch}").text
        said = client.get(f"/api/v1/batches/{batch}").json()
        job = client.get(f"/jobs/{said['revisions'][0]['changes'][0]['job']}").text
    assert "Predicted, and what came" in text
    part = text[text.index('id="came"') : text.index("</section>", text.index('id="came"'))]
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))
    assert "It uses what is gone from lib: f_old of liblib.so.1." in words
    assert "liblib.so.1 lacks what it had: f_old." in words
    assert said["revisions"][0]["changes"][0]["name"] == "mid"
    assert any(found["breaks"] for found in said["differences"])
    assert "It was not foreseen" in job


def test_the_command_prints_it(told: tuple[Farm, str, World], capsys: pytest.CaptureFixture[str]) -> None:
    print_batch(batch_view(told[0], told[1]))
    printed = capsys.readouterr()
    text = re.sub(r"\s+", " ", printed.out + printed.err)
    assert "1 escalated." in text
    assert "escalated: build of mid (noarch): It uses what is gone from lib: f_old of liblib.so.1." in text
    assert "lacks what it had: f_old." in text


def test_a_batch_without_surprises_shows_none(tmp_path: Path) -> None:
    farm = make_farm(tmp_path)
    world = World(farm, tmp_path / "tree")
    world.begin()
    with TestClient(create_app(farm)) as client:
        assert "Predicted, and what came" not in client.get("/batches/B-1").text
    farm.close()
