"""Children and all that they start, on this system."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from workers.agent.process import Bounds, Command, Why, run
from workers.agent.process_tree import is_alive

LONG = Bounds(60.0, 60.0)


def shell(script: str, folder: Path) -> Command:
    return Command(("/bin/sh", "-c", script), {"PATH": os.environ["PATH"]}, folder)


def gone(pid: int, patience: float = 5.0) -> bool:
    end = time.monotonic() + patience
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not is_alive(pid)


def test_lines_come_in_order_with_the_exit_code_at_the_end(tmp_path: Path) -> None:
    lines: list[str] = []
    ended = run(shell("echo one; echo two >&2; printf three; exit 3", tmp_path), LONG, lines.append, threading.Event())
    assert lines == ["one", "two", "three"]
    assert (ended.why, ended.code) == (Why.EXITED, 3)


def test_a_signal_shows_in_the_code(tmp_path: Path) -> None:
    ended = run(shell("kill -9 $$", tmp_path), LONG, lambda _line: None, threading.Event())
    assert (ended.why, ended.code) == (Why.EXITED, 137)


def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    lines: list[str] = []
    run(shell(r"printf 'a\377b\r\n'", tmp_path), LONG, lines.append, threading.Event())
    assert lines == ["a�b"]


def test_a_line_without_end_is_passed_on_in_pieces(tmp_path: Path) -> None:
    sizes: list[int] = []
    command = shell("head -c 3000000 /dev/zero | tr '\\0' x", tmp_path)
    run(command, LONG, lambda line: sizes.append(len(line)), threading.Event())
    assert sum(sizes) == 3_000_000
    assert max(sizes) <= 1 << 20


def test_the_limit_ends_descendants_that_left_group_session_and_parent(tmp_path: Path) -> None:
    script = (
        "sleep 600 & echo $!; setsid sleep 600 & echo $!;"
        "(setsid sh -c 'sleep 600 & echo $!' & wait); trap '' TERM; exec sleep 600"
    )
    lines: list[str] = []
    ended = run(shell(script, tmp_path), Bounds(1.0, 60.0), lines.append, threading.Event())
    assert ended.why is Why.TIMEOUT
    assert len(lines) == 3
    assert all(gone(int(pid)) for pid in lines)


def test_what_a_child_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    lines: list[str] = []
    began = time.monotonic()
    ended = run(shell("setsid sleep 600 & echo $!", tmp_path), LONG, lines.append, threading.Event())
    assert (ended.why, ended.code) == (Why.EXITED, 0)
    assert gone(int(lines[0]))
    assert time.monotonic() - began < 30


def test_silence_is_counted_from_the_last_line(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "for i in 1 2 3 4; do echo $i; sleep 0.4; done; sleep 600"
    ended = run(shell(script, tmp_path), Bounds(60.0, 1.2), lines.append, threading.Event())
    assert ended.why is Why.SILENT
    assert lines == ["1", "2", "3", "4"]


def test_a_stop_ends_a_child_that_never_stops_writing(tmp_path: Path) -> None:
    stop, lines = threading.Event(), []

    def hear(line: str) -> None:
        lines.append(line)
        stop.set()

    ended = run(shell("while :; do echo flood; done", tmp_path), LONG, hear, stop)
    assert ended.why is Why.STOPPED
    assert lines


def test_what_the_hearer_raises_ends_the_child(tmp_path: Path) -> None:
    pids: list[int] = []

    def hear(line: str) -> None:
        pids.append(int(line))
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        run(shell("echo $$; exec sleep 600", tmp_path), LONG, hear, threading.Event())
    assert gone(pids[0])


def test_no_thread_and_no_descriptor_is_left(tmp_path: Path, no_threads_left: None) -> None:
    folder = Path("/proc/self/fd")
    before = len(list(folder.iterdir())) if folder.exists() else 0
    for _ in range(3):
        run(shell("echo x", tmp_path), LONG, lambda _line: None, threading.Event())
    assert before == (len(list(folder.iterdir())) if folder.exists() else 0)


def test_a_worker_that_is_killed_takes_its_build_with_it(tmp_path: Path) -> None:
    code = (
        "import sys, threading\nfrom pathlib import Path\n"
        "from workers.agent.process import *\n"
        "script = 'echo $$; setsid sleep 600 & echo $!; sleep 600'\n"
        "run(Command(('/bin/sh', '-c', script), {}, Path('.')), Bounds(60, 60),\n"
        "    lambda line: print(line, flush=True), threading.Event())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        pids = [int(worker.stdout.readline()) for _ in range(2)]
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        assert all(gone(pid) for pid in pids)


def test_a_command_that_is_not_there_has_an_exit_code(tmp_path: Path) -> None:
    ended = run(Command(("no-such-command",), {"PATH": "/bin"}, tmp_path), LONG, lambda _line: None, threading.Event())
    assert ended.code == 127
