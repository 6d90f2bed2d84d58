import threading
import time
from collections.abc import Callable

from tests.kit.fake_controller import Attempt, RunningController
from workers.agent.client import Holding
from workers.agent.heart import Heart


def soon(check: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.01)
    return check()


def test_it_beats_three_times_in_a_lease_and_tells_the_phase(holding: Holding, attempt: Attempt) -> None:
    with Heart(holding, 0.3, threading.Event()) as heart:
        heart.phase("build")
        assert soon(lambda: attempt.beats.count("build") >= 5)
    gaps = [b - a for a, b in zip(attempt.beat_times[1:], attempt.beat_times[2:], strict=False)]
    assert min(gaps) > 0.05


def test_a_new_phase_is_told_at_once(holding: Holding, attempt: Attempt) -> None:
    with Heart(holding, 3000.0, threading.Event()) as heart:
        heart.phase("build")
        assert soon(lambda: "build" in attempt.beats)


def test_it_hears_stop(holding: Holding, attempt: Attempt) -> None:
    stop = threading.Event()
    with Heart(holding, 0.3, stop) as heart:
        attempt.stop = "cancelled by ana"
        assert stop.wait(10)
        assert heart.lost
        assert heart.why == "cancelled by ana"


def test_an_attempt_that_is_no_more_means_stop(
    controller: RunningController,
    holding: Holding,
    attempt: Attempt,
) -> None:
    stop = threading.Event()
    with Heart(holding, 0.3, stop):
        with controller.lock:
            controller.attempts.clear()
        assert stop.wait(10)


def test_a_controller_that_is_away_stops_nothing(
    controller: RunningController,
    holding: Holding,
    attempt: Attempt,
) -> None:
    stop = threading.Event()
    with Heart(holding, 0.3, stop):
        assert soon(lambda: len(attempt.beats) > 1)
        controller.stop()
        time.sleep(1)
        assert not stop.is_set()
        before = len(attempt.beats)
        controller.start()
        assert soon(lambda: len(attempt.beats) > before)


def test_it_stops_with_the_work(holding: Holding, attempt: Attempt, no_threads_left: None) -> None:
    with Heart(holding, 0.3, threading.Event()):
        assert soon(lambda: bool(attempt.beats))


def test_a_beat_that_was_not_heard_is_repeated_long_before_the_next_is_due(
    controller: RunningController, holding: Holding, attempt: Attempt
) -> None:
    controller.stop()
    with Heart(holding, 60.0, threading.Event()):
        time.sleep(0.5)
        controller.start()
        assert soon(lambda: bool(attempt.beats), 12.0)
