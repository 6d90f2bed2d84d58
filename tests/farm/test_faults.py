"""Bad input and faults, on a farm of real processes."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.kit.live_farm import LiveFarm, live_farm, pids_naming, wait_until
from tests.kit.recipe_trees import commit, write_recipe

pytestmark = pytest.mark.farm


def slow_then_leaf(tree: Path, seconds: float) -> None:
    write_recipe(tree, "slow", script=(f"sleep {seconds}",), exports=("slow >=1",))
    write_recipe(tree, "leaf", host=("slow",), run=("slow",), test=('grep -q "1.0" "$PREFIX/share/slow.txt"',))
    commit(tree, "a slow one and a leaf on it")


def passed(view: dict) -> bool:
    return view["state"] == "passed" and all(job["state"] == "passed" for job in view["jobs"])


def test_a_recipe_that_does_not_parse_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_recipe(tree, "good")
    (tree / "bad").mkdir()
    (tree / "bad" / "recipe.yaml").write_text("package:\n  name: bad\nrequirments: {}\n", encoding="utf-8")
    commit(tree, "one good, one bad")
    with live_farm(tmp_path) as farm:
        view = farm.settled(farm.push(tree))
        assert passed(view)
        assert len(view["refusals"]) == 1
        assert "bad/recipe.yaml" in view["refusals"][0]


def test_what_cannot_be_solved_fails_with_the_solvers_words(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_recipe(tree, "dreamer", host=("no-such-library >=3",))
    commit(tree, "a wish")
    with live_farm(tmp_path) as farm:
        batch = farm.push(tree)
        assert farm.settled(batch)["state"] == "failed"
        job = farm.jobs(batch)["build", "dreamer"]
        assert job["state"] == "unsolvable"
        assert "no-such-library" in farm.get(f"/api/v1/jobs/{job['id']}")["message"]


def test_a_build_that_hangs_is_ended_with_its_whole_process_tree(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    long = f"sleep 9{os.getpid()}"  # nobody else's: another run may be left over
    write_recipe(tree, "hangs", script=(f"{long}1 & setsid {long}2 & {long}3",))
    commit(tree, "hangs")
    with live_farm(tmp_path, build_seconds=3) as farm:
        batch = farm.push(tree)
        assert farm.settled(batch)["state"] == "failed"
        job = farm.get(f"/api/v1/jobs/{farm.jobs(batch)['build', 'hangs']['id']}")
        assert job["tries"][-1]["outcome"] == "timeout"
        wait_until(lambda: not pids_naming(long), 10, "the end of the process tree")


def test_a_killed_worker_costs_a_lease_and_no_job(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    slow_then_leaf(tree, 2)
    with live_farm(tmp_path, workers=1) as farm:
        batch = farm.push(tree)
        worker = farm.running(batch, "build", "slow")["worker"]
        (pid,) = pids_naming(f"--name {worker} ")
        os.kill(pid, signal.SIGKILL)
        view = farm.settled(batch)
        assert passed(view)
        job = farm.get(f"/api/v1/jobs/{farm.jobs(batch)['build', 'slow']['id']}")
        assert [attempt["state"] for attempt in job["tries"]] == ["lost", "passed"]


def test_a_killed_controller_comes_back_and_the_batch_ends_the_same(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    slow_then_leaf(tree, 4)
    with live_farm(tmp_path) as farm:
        batch = farm.push(tree)
        farm.running(batch, "build", "slow")
        farm.kill()
        time.sleep(1)
        farm.start()
        view = farm.settled(batch)
        assert passed(view)
        assert len(view["published"]) == 2


def test_a_broker_killed_and_emptied_costs_seconds_and_no_job(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    slow_then_leaf(tree, 3)
    with live_farm(tmp_path) as farm:
        batch = farm.push(tree)
        farm.running(batch, "build", "slow")
        os.kill(farm.broker()["pid"], signal.SIGKILL)
        for left in (farm.data / "broker").rglob("*.rdb"):
            left.unlink()
        assert passed(farm.settled(batch))


def test_two_workers_build_side_by_side(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("left", "right"):
        write_recipe(tree, name, script=("sleep 3",))
    commit(tree, "two that know nothing of each other")
    with live_farm(tmp_path, workers=2) as farm:
        batch = farm.push(tree)

        def both() -> bool:
            jobs = farm.jobs(batch)
            return all(jobs["build", name]["state"] == "running" for name in ("left", "right"))

        wait_until(both, 30, "both builds at once")
        assert len({farm.jobs(batch)["build", name]["worker"] for name in ("left", "right")}) == 2
        assert passed(farm.settled(batch))


def test_a_second_farm_on_the_same_data_folder_is_refused(tmp_path: Path) -> None:
    with live_farm(tmp_path, workers=0) as farm:
        second = LiveFarm(farm.data)
        done = subprocess.run(second.command(), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert str(farm.process.pid) in done.stderr
        assert farm.get("/api/v1/farm")


def test_a_taken_port_is_said_with_the_flag_that_changes_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        farm = LiveFarm(tmp_path / "data")
        farm.port = taken.getsockname()[1]
        done = subprocess.run(farm.command(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert str(farm.port) in done.stderr
    assert "--port" in done.stderr
