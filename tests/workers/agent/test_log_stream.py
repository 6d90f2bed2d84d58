import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.fake_controller import Attempt, AwayError, Request, RunningController
from workers.agent.client import Holding, LeaseLostError
from workers.agent.log_stream import LogStream, LogTooLongError
from workers.contract import paths


@pytest.fixture
def stream(holding: Holding, tmp_path: Path) -> Iterator[LogStream]:
    with LogStream(tmp_path / "a.log", holding, 10_000) as stream:
        yield stream


def test_lines_arrive_while_the_job_still_runs(stream: LogStream, attempt: Attempt) -> None:
    stream.mark("build")
    stream.write("one\ntwo")
    end = time.monotonic() + 10
    while "two" not in attempt.text and time.monotonic() < end:
        time.sleep(0.01)
    assert attempt.text == "[farm] phase build\none\ntwo\n"


def test_lines_wait_for_as_long_as_the_controller_asks_and_the_last_of_all_do_not(
    controller: RunningController, holding: Holding, stream: LogStream, attempt: Attempt
) -> None:
    route, pieces = controller._route, list[bytes]()

    def slowly(request: Request) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = route(request)
        pieces.append(request.body)
        return status, headers | {paths.PACE_HEADER: "20"}, body

    controller._route = slowly  # type: ignore[method-assign]
    stream.write("first")
    while holding.log_pace != 20.0:
        time.sleep(0.01)
    for number in range(5):
        stream.write(f"line {number}")
        time.sleep(0.3)
    assert pieces == [b"first\n"]
    stream.finish()
    assert attempt.text.splitlines() == ["first", *(f"line {number}" for number in range(5))]


def test_finish_returns_when_all_has_arrived(stream: LogStream, attempt: Attempt) -> None:
    for number in range(500):
        stream.write(f"line {number}")
    stream.finish()
    assert attempt.text.splitlines() == [f"line {number}" for number in range(500)]


def test_nothing_is_lost_or_doubled_when_every_other_answer_is_lost(
    controller: RunningController, stream: LogStream, attempt: Attempt
) -> None:
    route, calls = controller._route, [0]

    def lossy(request: Request) -> tuple[int, dict[str, str], bytes]:
        answer, calls[0] = route(request), calls[0] + 1
        if calls[0] % 2:
            raise AwayError
        return answer

    controller._route = lossy  # type: ignore[method-assign]
    for number in range(50):
        stream.write(f"line {number}")
        time.sleep(0.005)
    stream.finish()
    assert attempt.text.splitlines() == [f"line {number}" for number in range(50)]


def test_a_controller_that_kept_less_gets_the_rest_again(
    controller: RunningController, stream: LogStream, attempt: Attempt
) -> None:
    stream.write("x" * 1000)
    while len(attempt.log) < 1000:
        time.sleep(0.01)
    with controller.lock:
        del attempt.log[500:]
    stream.write("end")
    stream.finish()
    assert attempt.text == "x" * 1000 + "\nend\n"


def test_a_log_past_its_limit_is_said_at_once_and_the_last_note_still_fits(stream: LogStream, attempt: Attempt) -> None:
    stream.write("x" * 9_990)
    with pytest.raises(LogTooLongError):
        stream.write("x" * 100)
    stream.note("over\nand out")
    stream.finish()
    assert attempt.text.splitlines()[1:] == ["[farm] over", "[farm] and out"]


def test_a_lost_lease_is_told_at_the_end(controller: RunningController, stream: LogStream, attempt: Attempt) -> None:
    controller.revoke(attempt.id)
    stream.write("late")
    with pytest.raises(LeaseLostError):
        stream.finish()


def test_a_controller_that_takes_no_more_is_not_asked_for_ever(
    controller: RunningController, stream: LogStream, attempt: Attempt
) -> None:
    controller._log = lambda _attempt, _request: (204, {"Upload-Offset": "0"}, b"")  # type: ignore[method-assign]
    stream.write("x")
    with pytest.raises(LogTooLongError):
        stream.finish()


def test_dropping_the_work_ends_the_sending_thread(
    controller: RunningController, holding: Holding, tmp_path: Path, no_threads_left: None
) -> None:
    with LogStream(tmp_path / "b.log", holding, 10_000) as stream:
        controller.stop()
        stream.write("nobody hears this")
        time.sleep(0.1)


def test_lines_may_be_written_from_several_threads(stream: LogStream, attempt: Attempt) -> None:
    threads = [
        threading.Thread(target=lambda name=name: [stream.write(name * 20) for _ in range(50)]) for name in "abc"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stream.finish()
    lines = attempt.text.splitlines()
    assert len(lines) == 150
    assert all(len(set(line)) == 1 for line in lines)
