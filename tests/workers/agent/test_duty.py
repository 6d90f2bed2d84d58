"""The worker's loop with stand-ins for controller and runner that keep state."""

import threading
import time
from collections.abc import Callable

import httpx2
import pytest

from workers.agent.client import ControllerError
from workers.agent.duty import Duty, Identity, UnwelcomeError
from workers.contract.jobs import JobSpec, PlannedFile, TestOrder
from workers.contract.leases import Claim, ClaimRequest, WorkerState
from workers.contract.platforms import Machine

MACHINE = Machine(subdir="linux-64", host="h", system="s", cores=1, memory_bytes=1, disk_free_bytes=1, python="3.11")
FILE = PlannedFile(name="a", version="1", build="0", build_number=0, subdir="noarch", file_name="a-1-0.conda")
SPEC = JobSpec(job="J-1", batch="B-1", channels=(), order=TestOrder(file=FILE, sha256="0" * 64, url="/store/x"))


class Office:
    """A controller with a number of jobs, and faults to raise before it answers."""

    def __init__(self, jobs: int = 0) -> None:
        self.jobs, self.asked, self.faults, self.said = jobs, 0, list[Exception](), list[str]()

    def claim(self, _request: ClaimRequest) -> Claim | None:
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)
        if not self.jobs:
            return None
        self.jobs -= 1
        return Claim(attempt=f"J-1.{self.asked}", lease=1, token="t", lease_seconds=60, spec=SPEC)

    def announce(self, state: WorkerState) -> None:
        self.said.append(state.state)


class Bench:
    """A runner that works until told to finish."""

    def __init__(self, *, quick: bool = True) -> None:
        self.done, self.finish, self.began = 0, threading.Event(), threading.Event()
        if quick:
            self.finish.set()

    def run(self, _claim: Claim) -> None:
        self.began.set()
        assert self.finish.wait(20)
        self.done += 1


def duty(office: Office, bench: Bench, poll: float = 600.0, room: Callable[[], bool] = lambda: True) -> Duty:
    return Duty(office, bench, Identity("w", ("linux-64",), lambda: MACHINE), poll, room)  # type: ignore[arg-type]


@pytest.fixture
def serving() -> Callable[[Duty], threading.Thread]:
    def start(worker: Duty) -> threading.Thread:
        thread = threading.Thread(target=worker.serve, daemon=True)
        thread.start()
        return thread

    return start


def soon(check: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not check() and time.monotonic() < end:
        time.sleep(0.005)
    return check()


def test_it_asks_again_before_it_rests() -> None:
    office, bench = Office(jobs=3), Bench()
    duty(office, bench).serve(once=True)
    assert (bench.done, office.asked) == (3, 4)


def test_it_rests_until_a_bell_rings(serving: Callable[[Duty], threading.Thread]) -> None:
    office, bench = Office(), Bench()
    worker = duty(office, bench)
    thread = serving(worker)
    assert soon(lambda: office.asked == 1)
    worker.wait_until_idle()
    office.jobs = 1
    assert worker.ring()
    worker.wait_until_idle()
    assert bench.done == 1
    worker.drain()
    thread.join(10)
    assert not thread.is_alive()


def test_it_asks_by_the_clock_when_no_bell_rings(serving: Callable[[Duty], threading.Thread]) -> None:
    office, worker = Office(), None
    worker = duty(office, Bench(), poll=0.02)
    thread = serving(worker)
    assert soon(lambda: office.asked >= 3)
    worker.drain()
    thread.join(10)


def test_a_bell_is_not_for_one_who_works_or_leaves(serving: Callable[[Duty], threading.Thread]) -> None:
    office, bench = Office(jobs=1), Bench(quick=False)
    worker = duty(office, bench)
    thread = serving(worker)
    assert bench.began.wait(10)
    assert not worker.ring()
    worker.drain()
    bench.finish.set()
    thread.join(10)
    assert not worker.ring()


def test_who_brings_a_bell_waits_until_the_work_it_brought_is_done(
    serving: Callable[[Duty], threading.Thread],
) -> None:
    office, bench = Office(), Bench(quick=False)
    worker = duty(office, bench)
    thread = serving(worker)
    assert soon(lambda: office.asked == 1)
    worker.wait_until_idle()
    office.jobs = 1
    assert worker.ring()
    waited = threading.Thread(target=worker.wait_until_idle, daemon=True)
    waited.start()
    assert bench.began.wait(10)
    assert waited.is_alive()
    bench.finish.set()
    waited.join(10)
    assert not waited.is_alive()
    worker.drain()
    thread.join(10)


def test_draining_finishes_the_job_and_takes_no_other(serving: Callable[[Duty], threading.Thread]) -> None:
    office, bench = Office(jobs=2), Bench(quick=False)
    worker = duty(office, bench)
    thread = serving(worker)
    assert bench.began.wait(10)
    worker.drain()
    bench.finish.set()
    thread.join(10)
    assert (bench.done, office.jobs) == (1, 1)


@pytest.mark.parametrize("fault", [httpx2.ConnectError("away"), ControllerError(401, "no"), ControllerError(500, "oh")])
def test_a_controller_that_gives_no_answer_is_asked_again_later(
    fault: Exception, serving: Callable[[Duty], threading.Thread]
) -> None:
    office, bench = Office(jobs=1), Bench()
    office.faults = [fault, fault]
    worker = duty(office, bench, poll=0.02)
    thread = serving(worker)
    assert soon(lambda: bench.done == 1)
    worker.drain()
    thread.join(10)


@pytest.mark.parametrize("status", [400, 422])
def test_a_worker_that_is_not_welcome_ends(status: int) -> None:
    office = Office()
    office.faults = [ControllerError(status, "This controller serves protocol 2.")]
    with pytest.raises(UnwelcomeError, match="protocol 2"):
        duty(office, Bench()).serve()


def test_its_state_need_not_be_heard() -> None:
    office = Office()
    duty(office, Bench()).tell("gone")
    assert office.said == ["gone"]
    office.announce = lambda _state: (_ for _ in ()).throw(httpx2.ConnectError("away"))  # type: ignore[assignment]
    duty(office, Bench()).tell("gone")


def test_a_worker_on_a_full_disk_asks_for_nothing_says_so_and_goes_on_when_there_is_room() -> None:
    office, bench, rooms = Office(2), Bench(), [False, False, True, True, True]
    worker = duty(office, bench, room=lambda: rooms.pop(0))
    worker.serve(once=True)
    worker.serve(once=True)
    assert (office.asked, office.said, bench.done) == (0, ["draining", "draining"], 0)
    worker.serve(once=True)
    assert (office.asked, bench.done) == (3, 2)
