"""Quarantine and expected failures as a person types them, and the cases that `farm job view` shows."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.services.farm import Farm
from tests.kit.brittle_tree import BrittleTree, ran
from tests.kit.farms import make_farm

from .conftest import Type
from .serving import serving


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    farm = make_farm(tmp_path / "farm")
    yield farm
    farm.close()


@pytest.fixture
def tree(farm: Farm, tmp_path: Path) -> BrittleTree:
    return BrittleTree(farm, tmp_path / "tree")


@pytest.fixture
def told(typed: Type, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    with serving(farm) as url:
        monkeypatch.setenv("FARM_SERVER", url)
        monkeypatch.setenv("FARM_TOKEN", farm.admin_token)
        yield typed


def test_cases_are_shown_with_their_history_and_as_json(told: Type, tree: BrittleTree) -> None:
    tree.push(ran())
    tree.push(ran("a::x"), ran("a::x"))
    job = tree.job().public
    shown = told("job", "view", job).out
    assert "cases: 41 passed, 1 failed, 2 skipped" in shown
    assert "failed 1 of the last 2 runs" in shown
    assert "t.py:7" in shown
    found = json.loads(told("job", "view", job, "-o", "json").out)
    assert found["tested"]["cases"][0]["failed"] == 1


def test_a_case_is_quarantined_listed_and_released(told: Type, tree: BrittleTree) -> None:
    done = told("flakes", "quarantine", "one", "a::x", "--subdir", "noarch", "--why", "issue 12", "--until", "2d")
    assert done.code == 0
    assert "one a::x noarch: Quarantined by eva since 2026-11-23 until 2026-11-25: issue 12." in done.out
    assert "issue 12" in told("flakes", "quarantined").out
    assert told("flakes", "quarantined", "-o", "name").out.split() == ["one"]
    tree.push(ran())
    tree.push(ran("a::x"), ran("a::x"))
    assert "is quarantined by eva until 2026-11-25: issue 12." in told("job", "view", tree.job().public).out
    assert "1 quarantine released" in told("flakes", "release", "one", "a::x", "--why", "mended").out
    refused = told("flakes", "release", "one")
    assert refused.code == 5
    assert "Nothing of 'one' is quarantined so." in refused.err


def test_a_batch_tells_what_broke_nothing(told: Type, tree: BrittleTree) -> None:
    tree.push(ran())
    told("flakes", "quarantine", "one", "a::x", "--why", "issue 12")
    batch = tree.push(ran("a::x"), ran("a::x"))
    assert "≈ one (noarch): a::x failed, and is quarantined by eva" in told("batch", "view", batch).out


def test_a_quarantine_without_a_reason_is_refused(told: Type) -> None:
    assert told("flakes", "quarantine", "one").code != 0


def test_what_comes_and_goes_is_listed_by_case(told: Type, tree: BrittleTree) -> None:
    tree.push(ran("a::x"), ran())
    listed = told("flakes", "list").out
    assert "a::x" in listed
    assert "1 of 1" in listed


def test_what_now_passes_is_told_with_the_failures(told: Type, tree: BrittleTree) -> None:
    assert "What trees expect" not in told("failures", "list").out
    tree.say('[[tree.expected]]\npackages = ["one"]\nkind = "test"\nwhy = "issue 7"\nuntil = 2027-01-31\n')
    tree.push(ran())
    for words in (("failures", "list"), ("failures", "expected")):
        listed = told(*words).out
        assert "now passes" in listed
        assert "take that line out" in listed
    assert json.loads(told("failures", "expected", "-o", "json").out)[0]["state"] == "now_passes"
    assert told("failures", "list", "-o", "name").out == ""
