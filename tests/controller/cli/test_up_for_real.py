"""``farm up`` with all its processes: told to end, told twice, killed and started again."""

import json
import os
import signal
from pathlib import Path

import httpx2
import pytest

from tests.kit.live_farm import LiveFarm, live_farm, pids_naming, wait_until
from tests.kit.recipe_trees import commit, write_recipe

pytestmark = pytest.mark.farm


def workers(farm: LiveFarm) -> list[int]:
    """The workers alone: not what works for them."""
    return pids_naming(f"workers.agent run --server {farm.url} ")


def broker(farm: LiveFarm) -> list[int]:
    return pids_naming(f"127.0.0.1:{farm.broker()['port']}")


def test_told_to_end_it_ends_well_and_leaves_no_process_and_no_note(tmp_path: Path) -> None:
    with live_farm(tmp_path, workers=2) as farm:
        wait_until(lambda: len(farm.get("/api/v1/workers")["items"]) == 2, 60, "two workers")
        note = json.loads((farm.data / "server.json").read_text(encoding="utf-8"))
        assert note == {"url": farm.url, "pid": farm.process.pid if farm.process else 0}
        assert len(broker(farm)) == 1
        assert farm.stop() == 0
        assert workers(farm) == []
        assert broker(farm) == []
        assert not (farm.data / "server.json").exists()
        assert "Traceback" not in farm.output.read_text(encoding="utf-8")


def test_told_twice_it_ends_a_build_in_the_middle(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_recipe(tree, "slow", script=("sleep 54321",))
    commit(tree, "slow")
    with live_farm(tmp_path) as farm:
        farm.running(farm.push(tree), "build", "slow")
        assert farm.process is not None
        farm.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "Stopping" in farm.output.read_text(encoding="utf-8"), 20, "the first word")
        farm.process.send_signal(signal.SIGTERM)
        assert farm.process.wait(15) == 0
        wait_until(lambda: not pids_naming("sleep 54321"), 10, "the end of the build")
        assert workers(farm) == []


def test_a_killed_worker_is_replaced_under_its_name(tmp_path: Path) -> None:
    with live_farm(tmp_path, workers=1) as farm:
        (first,) = wait_until(lambda: workers(farm), 60, "a worker")
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: workers(farm) not in ([], [first]), 30, "another worker")
        assert len(list((farm.data / "workers").glob("*.log"))) == 1
        assert "a worker ended and is started again" in farm.output.read_text(encoding="utf-8")


def test_a_killed_controllers_broker_is_adopted_and_its_workers_go(tmp_path: Path) -> None:
    with live_farm(tmp_path, workers=1) as farm:
        (old,) = wait_until(lambda: workers(farm), 60, "a worker")
        before = farm.broker()
        farm.kill()
        farm.start(workers=0)
        assert farm.broker() == before
        wait_until(lambda: old not in workers(farm), 30, "the end of the worker that was left over")
        assert farm.stop() == 0
        assert broker(farm) == []


def test_a_stream_that_is_open_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    with (
        live_farm(tmp_path, workers=0) as farm,
        httpx2.stream("GET", f"{farm.url}/api/v1/events", timeout=30) as events,
    ):
        assert events.status_code == 200
        assert farm.stop() == 0
