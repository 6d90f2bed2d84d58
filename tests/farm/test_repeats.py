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
