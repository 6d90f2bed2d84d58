"""A controller that a test can look into, and workers' parts that talk to it."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kit.fake_controller import TOKEN, Attempt, RunningController, fake_controller
from workers.agent.client import Controller, Holding, Patience
from workers.agent.machine import native_subdir
from workers.agent.runner import Runner
from workers.agent.work import Place
from workers.contract.jobs import JobSpec, PlannedFile, TestOrder
from workers.contract.leases import Claim, ClaimRequest
from workers.contract.platforms import Machine

FILE = PlannedFile(name="a", version="1", build="0", build_number=0, subdir="noarch", file_name="a-1-0.conda")
SPEC = JobSpec(job="J-1", batch="B-1", channels=(), order=TestOrder(file=FILE, sha256="0" * 64, url="/store/x"))
QUICK = Patience(first=0.01, longest=0.05, total=30.0)


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[RunningController]:
    with fake_controller(tmp_path / "controller") as running:
        yield running


@pytest.fixture
def door(controller: RunningController) -> Iterator[Controller]:
    door = Controller(controller.url, lambda: TOKEN)
    yield door
    door.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    work = tmp_path / "work"
    return Place(work / "attempts", work / "cache", native_subdir(), dict(os.environ))


@pytest.fixture
def runner(door: Controller, place: Place) -> Runner:
    return Runner(door, place, QUICK)


@pytest.fixture
def asked() -> ClaimRequest:
    machine = Machine(
        subdir=native_subdir(), host="h", system="s", cores=1, memory_bytes=1, disk_free_bytes=1, python="3.11"
    )
    return ClaimRequest(worker="w", pools=(native_subdir(),), machine=machine)


@pytest.fixture
def claim(controller: RunningController, door: Controller, asked: ClaimRequest) -> Claim:
    """A granted job that is not there to be done."""
    controller.queue.append(SPEC)
    claim = door.claim(asked)
    assert claim is not None
    return claim


@pytest.fixture
def holding(door: Controller, claim: Claim) -> Holding:
    return door.holding(claim, QUICK)


@pytest.fixture
def attempt(controller: RunningController, claim: Claim) -> Attempt:
    return controller.attempts[claim.attempt]


@pytest.fixture
def run(
    controller: RunningController, door: Controller, runner: Runner, asked: ClaimRequest
) -> Callable[[JobSpec], Attempt]:
    """Have a real runner do one job; what the controller then knows of it."""

    def do(spec: JobSpec) -> Attempt:
        controller.queue.append(spec)
        claim = door.claim(asked)
        assert claim is not None
        runner.run(claim)
        return controller.attempts[claim.attempt]

    return do


@pytest.fixture
def no_threads_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), thread
