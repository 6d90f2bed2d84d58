"""Bells on a real broker, heard by real worker processes."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kit.fake_controller import Attempt, RunningController
from tests.kit.live_worker import Broker, LiveWorker, live_workers, until
from tests.kit.orders import build_order, recipe
from workers.contract.jobs import JobSpec

Start = Callable[..., LiveWorker]
Job = Callable[[float], JobSpec]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    yield broker
    broker.close()


@pytest.fixture
def start(controller: RunningController, tmp_path: Path, broker: Broker) -> Iterator[Start]:
    with live_workers(controller, tmp_path, broker.url) as start:
        yield start


@pytest.fixture
def job(controller: RunningController, tmp_path: Path) -> Job:
    def make(seconds: float) -> JobSpec:
        text = f"package: {{name: toy, version: '1.0'}}\nbuild: {{noarch: generic, script: ['sleep {seconds}']}}\n"
        return build_order(controller, recipe(tmp_path / f"toy{seconds}", text))

    return make


def listening(controller: RunningController, worker: LiveWorker, broker: Broker) -> None:
    """Wait until a worker has asked for work once, and hears bells."""
    asked = controller.claims
    broker.ring()
    until(lambda: controller.claims > asked and not broker.bells(), what=f"the ear of {worker.name}: {worker.output}")
    until(lambda: settled(controller), what="rest")


def settled(controller: RunningController) -> bool:
    claims = controller.claims
    time.sleep(0.3)
    return claims == controller.claims


def attempts(controller: RunningController) -> list[Attempt]:
    return list(controller.attempts.values())


def done(controller: RunningController, count: int) -> bool:
    return sum(bool(attempt.reports) for attempt in attempts(controller)) == count


def test_a_bell_wakes_a_resting_worker_at_once(
    controller: RunningController, broker: Broker, start: Start, job: Job
) -> None:
    listening(controller, start("a"), broker)
    controller.queue.append(job(0))
    broker.ring()
    until(lambda: done(controller, 1), 10, "the job")


def test_a_doubled_bell_finds_nothing_to_claim(
    controller: RunningController, broker: Broker, start: Start, job: Job
) -> None:
    worker = start("a")
    listening(controller, worker, broker)
    controller.queue.append(job(0))
    broker.ring(5)
    until(lambda: done(controller, 1) and not broker.bells(), 20, "the end of the bells")
    assert len(attempts(controller)) == 1
    assert worker.process.poll() is None


def test_a_busy_worker_holds_no_bell_and_an_idle_one_starts_at_once(
    controller: RunningController, broker: Broker, start: Start, job: Job
) -> None:
    listening(controller, start("a"), broker)
    controller.queue.append(job(8))
    broker.ring()
    until(lambda: len(attempts(controller)) == 1, what="the first job")
    broker.ring(2)
    time.sleep(2)
    assert broker.bells() == 2, "both wait for somebody who rests"
    other = start("b")
    until(lambda: not broker.bells(), 20, "the bells being heard by the other worker")
    until(lambda: settled(controller), what="rest")
    controller.queue.append(job(0))
    broker.ring()
    until(lambda: len(attempts(controller)) == 2, 5, f"the second job: {other.output}")
    assert [attempt.worker for attempt in attempts(controller)] == ["a", "b"]
    assert not attempts(controller)[0].reports, "the first one still builds"


def test_a_worker_that_works_without_having_heard_a_bell_gives_the_bell_back(
    controller: RunningController, broker: Broker, start: Start, job: Job
) -> None:
    """It found the job by the clock, so its ear is open; the bell must reach somebody who rests."""
    controller.queue.append(job(6))
    start("a")
    until(lambda: len(attempts(controller)) == 1, what="the first job")
    time.sleep(1)
    broker.ring()
    time.sleep(1.5)
    assert broker.bells() == 1
    assert not attempts(controller)[0].reports, "the first one still builds"


def test_a_lost_bell_costs_only_the_time_between_two_questions(
    controller: RunningController, start: Start, job: Job
) -> None:
    start("a", "--poll-seconds", "0.5")
    until(lambda: controller.claims >= 2, what="a second question")
    controller.queue.append(job(0))
    until(lambda: done(controller, 1), 10, "the job")


@pytest.mark.parametrize("busy", [True, False], ids=["busy", "idle"])
def test_a_broker_killed_and_emptied_is_listened_to_again(
    controller: RunningController, broker: Broker, start: Start, job: Job, *, busy: bool
) -> None:
    worker = start("a")
    listening(controller, worker, broker)
    if busy:
        controller.queue.append(job(3))
        broker.ring()
        until(lambda: len(attempts(controller)) == 1, what="the first job")
    broker.kill()
    time.sleep(1)
    broker.start()
    if busy:
        until(lambda: done(controller, 1), what="the first job's end")
    count = len(attempts(controller))
    controller.queue.append(job(0))
    until(lambda: broker.ring() or len(attempts(controller)) > count, 40, f"an ear for bells: {worker.output}")
    until(lambda: done(controller, count + 1), what="the job after it")
    assert worker.process.poll() is None


def test_a_worker_without_a_broker_works_by_the_clock(
    controller: RunningController, broker: Broker, start: Start, job: Job
) -> None:
    broker.kill()
    start("a", "--poll-seconds", "0.5")
    controller.queue.append(job(0))
    until(lambda: done(controller, 1), 20, "the job")


def test_the_first_signal_drains_the_worker(
    controller: RunningController, broker: Broker, start: Start, job: Job
) -> None:
    controller.queue += [job(2), job(0)]
    worker = start("a")
    until(lambda: len(attempts(controller)) == 1, what="the first job")
    worker.signal(signal.SIGTERM)
    until(lambda: ("a", "draining") in controller.states, 10, "the word that it drains")
    assert worker.ended() == 0
    assert done(controller, 1)
    assert controller.states[-1] == ("a", "gone")
    assert len(controller.queue) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_resting_worker_ends_at_once(
    controller: RunningController, broker: Broker, start: Start, number: signal.Signals
) -> None:
    worker = start("a")
    listening(controller, worker, broker)
    began = time.monotonic()
    worker.signal(number)
    assert worker.ended() == 0
    assert time.monotonic() - began < 5
    assert "Traceback" not in worker.output


def test_the_second_signal_ends_the_job_and_gives_it_back(
    controller: RunningController, start: Start, job: Job
) -> None:
    controller.queue.append(job(600))
    worker = start("a")
    until(lambda: "build" in (attempts(controller) or [Attempt("", 0, "", None, "")])[0].beats, what="the build")
    worker.signal()
    time.sleep(0.5)
    worker.signal()
    assert worker.ended() == 1
    assert attempts(controller)[0].report.outcome == "infrastructure"


def test_a_worker_whose_parent_is_gone_finishes_its_job_and_ends(
    controller: RunningController, tmp_path: Path, broker: Broker, job: Job
) -> None:
    import subprocess
    import sys

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as parent:
        controller.queue.append(job(2))
        with live_workers(controller, tmp_path, broker.url) as start:
            worker = start("a", "--parent-pid", str(parent.pid))
            until(lambda: len(attempts(controller)) == 1, what="the job")
            parent.kill()
            parent.wait()
            assert worker.ended() == 0
        assert done(controller, 1)


def test_a_worker_killed_in_a_build_leaves_nothing_behind_that_its_next_start_does_not_remove(
    controller: RunningController, tmp_path: Path, start: Start, job: Job
) -> None:
    controller.queue.append(job(600))
    worker = start("a")
    until(lambda: "build" in (attempts(controller) or [Attempt("", 0, "", None, "")])[0].beats, what="the build")
    left = tmp_path / "work" / "attempts" / "a"
    assert any(left.iterdir())
    worker.signal(signal.SIGKILL)
    worker.ended()
    again = start("a", "--once")
    assert again.ended() == 0
    assert not left.exists()


def test_a_second_worker_of_the_same_name_in_the_same_folder_is_refused(
    controller: RunningController, broker: Broker, start: Start
) -> None:
    first = start("a")
    listening(controller, first, broker)
    second = start("a")
    assert second.ended() == 2
    assert "Another worker holds" in second.output
    assert first.process.poll() is None


def test_a_controller_that_does_not_take_it_is_said(controller: RunningController, start: Start) -> None:
    controller.fault = lambda _request: (422, {"detail": "This worker speaks protocol 1; this controller serves 2."})
    worker = start("a")
    assert worker.ended() == 2
    assert "serves 2" in worker.output
    assert "Traceback" not in worker.output


def test_a_controller_that_is_not_there_yet_is_waited_for(
    controller: RunningController, start: Start, job: Job
) -> None:
    controller.stop()
    controller.queue.append(job(0))
    start("a", "--poll-seconds", "0.5")
    time.sleep(1.5)
    controller.start()
    until(lambda: done(controller, 1), 20, "the job")


def test_a_worker_is_small(controller: RunningController, broker: Broker, start: Start) -> None:
    worker = start("a")
    listening(controller, worker, broker)
    if Path("/proc/self/status").exists():
        assert worker.memory() < 150 * 1024 * 1024
