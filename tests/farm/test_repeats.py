"""Failed tries on real processes: a test that comes and goes is repeated alone, what is real is not."""

from pathlib import Path

import pytest

from tests.kit.live_farm import live_farm
from tests.kit.recipe_trees import commit, write_recipe

pytestmark = pytest.mark.farm


def test_a_test_that_comes_and_goes_is_repeated_alone_and_a_known_failure_is_not_run(tmp_path: Path) -> None:
    tree, mark = tmp_path / "tree", tmp_path / "was-here"
    flaky = f'if [ ! -e "{mark}" ]; then touch "{mark}"; echo "FAILED tests/test_a.py::test_b"; exit 1; fi'
    write_recipe(tree, "flaky", test=(flaky,))
    write_recipe(tree, "bad", script=("echo 'bad.c:1:1: error: no such thing'; exit 1",))
    commit(tree, "one that comes and goes, one that never passes")
    with live_farm(tmp_path, workers=2) as farm:
        batch = farm.push(tree)
        assert farm.settled(batch)["state"] == "partial"
        jobs = farm.jobs(batch)
        test = farm.get(f"/api/v1/jobs/{jobs['test', 'flaky']['id']}")
        assert [(each["state"], each["failure"], each["act"]) for each in test["tries"]] == [
            ("failed", "test", "alone"), ("passed", "", ""),
        ]  # fmt: skip
        build = farm.get(f"/api/v1/jobs/{jobs['build', 'bad']['id']}")
        assert build["consequence"] == ("It did not compile; not tried again: the same sources give the same errors.")
        write_recipe(tree, "beside")
        commit(tree, "something else")
        again = farm.push(tree)
        farm.settled(again)
        spared = farm.jobs(again)["build", "bad"]
        assert (spared["state"], spared["attempts"]) == ("failed", 0)
        (known,) = farm.get("/api/v1/failures")["items"]
        assert (known["job"], known["spared"]) == (build["id"], 1)


def test_what_fails_as_it_did_before_stops_nothing_and_a_second_fault_does(tmp_path: Path) -> None:
    """The world changes under a published package: its test fails with and without whatever is pushed."""
    tree, server = tmp_path / "tree", tmp_path / "server"
    server.touch()
    test = (f'test -e "{server}" || {{ echo "ConnectionError: the server is gone" >&2; exit 1; }}',)
    write_recipe(tree, "caller", test=test)
    commit(tree, "the server is there")
    with live_farm(tmp_path, workers=2, baseline_days=0) as farm:
        assert farm.settled(farm.push(tree))["state"] == "passed"
        server.unlink()
        write_recipe(tree, "caller", test=test, script=("echo another way to build it",))
        commit(tree, "a change that has nothing to do with it")
        batch = farm.push(tree)
        view = farm.settled(batch)
        jobs = farm.jobs(batch)
        assert (jobs["test", "caller"]["state"], jobs["control", "caller"]["state"]) == ("no_regression", "answered")
        assert (view["state"], len(view["published"])) == ("passed", 1)
        told = farm.get(f"/api/v1/jobs/{jobs['test', 'caller']['id']}")["compared"]
        assert told.startswith("No regression: without the change it fails in the same way (J-")
        worse = ("echo 'ImportError: No module named nothing' >&2; exit 1",)
        write_recipe(tree, "caller", test=worse)
        commit(tree, "a fault of its own")
        batch = farm.push(tree)
        assert farm.settled(batch)["state"] == "failed"
        job = farm.jobs(batch)["test", "caller"]
        assert job["state"] == "failed"
        assert "fails as well, but otherwise" in farm.get(f"/api/v1/jobs/{job['id']}")["compared"]
