"""Logs: each byte kept once, each line numbered once."""

import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.errors import InvalidInputError
from controller.gateways import logs as module
from controller.gateways.logs import Logs
from workers.contract.logs import split_lines


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path / "logs")


def test_a_log_nobody_wrote_is_empty(logs: Logs) -> None:
    assert logs.size("A-1") == 0
    assert logs.read("A-1", 0, 10) == b""
    assert logs.lines("A-1", 1, 10) == []
    assert logs.line_count("A-1") == 0
    logs.seal("A-1")


def test_chunks_follow_one_another(logs: Logs) -> None:
    assert logs.append("A-1", 0, b"one\ntw") == 6
    assert logs.append("A-1", 6, b"o\n") == 8
    assert logs.read("A-1", 0, 100) == b"one\ntwo\n"
    assert logs.read("A-1", 4, 7) == b"two"
    assert logs.lines("A-1", 1, 10) == ["one", "two"]


def test_what_is_kept_already_is_dropped_and_a_gap_is_answered_with_the_size(logs: Logs) -> None:
    logs.append("A-1", 0, b"abc")
    assert logs.append("A-1", 0, b"abc") == 3
    assert logs.append("A-1", 1, b"bcde") == 5
    assert logs.append("A-1", 7, b"xyz") == 5
    assert logs.append("A-1", -1, b"zabcdefgh") == 5
    assert logs.read("A-1", 0, 99) == b"abcde"


def test_a_growing_last_line_keeps_its_number(logs: Logs) -> None:
    logs.append("A-1", 0, b"one\ntw")
    assert logs.lines("A-1", 2, 5) == ["tw"]
    assert logs.line_count("A-1") == 2
    logs.append("A-1", 6, b"o\nthree")
    assert logs.lines("A-1", 2, 5) == ["two", "three"]


def test_lines_far_into_a_long_log_are_found_through_the_marks(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"".join(b"line %d\n" % number for number in range(1, 50_001))
    for at in range(0, len(data), 60_000):
        logs.append("A-1", at, data[at : at + 60_000])
    assert logs.line_count("A-1") == 50_000
    read = 0
    pread = module.os.pread

    def counted(handle: int, size: int, at: int) -> bytes:
        nonlocal read
        read += size
        return pread(handle, size, at)

    monkeypatch.setattr(module.os, "pread", counted)
    assert logs.lines("A-1", 40_001, 2) == ["line 40001", "line 40002"]
    assert logs.lines("A-1", 49_999, 9) == ["line 49999", "line 50000"]
    assert logs.lines("A-1", 50_001, 9) == []
    assert read < 6 * module._BYTES


def test_a_sealed_log_takes_nothing_more(logs: Logs) -> None:
    logs.append("A-1", 0, b"end\n")
    logs.seal("A-1")
    logs.seal("A-1")
    assert logs.append("A-1", 4, b"more") == 4
    assert logs.lines("A-1", 1, 9) == ["end"]


def test_marks_lost_or_torn_in_a_crash_are_made_again(logs: Logs, tmp_path: Path) -> None:
    data = b"x\n" * 5000
    logs.append("A-1", 0, data)
    marks = tmp_path / "logs" / "A-1.marks"
    whole = marks.read_bytes()
    for torn in (b"", whole[:-7], whole + b"\xff" * 16, whole + b"\x01"):
        marks.write_bytes(torn)
        assert logs.lines("A-1", 4999, 5) == ["x", "x"]
        assert logs.append("A-1", logs.size("A-1"), b"") == len(data)
    marks.unlink()
    assert logs.line_count("A-1") == 5000


@pytest.mark.parametrize(("first", "count"), [(0, 5), (1, 0), (-3, 2)])
def test_lines_count_from_one(logs: Logs, first: int, count: int) -> None:
    with pytest.raises(InvalidInputError):
        logs.lines("A-1", first, count)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x"])
def test_a_name_is_never_a_path(logs: Logs, name: str) -> None:
    with pytest.raises(InvalidInputError):
        logs.append(name, 0, b"x")


def test_two_senders_of_the_same_log_leave_it_whole(logs: Logs) -> None:
    data = b"".join(b"%d\n" % number for number in range(20_000))

    def send() -> None:
        at = 0
        while at < len(data):
            at = logs.append("A-1", at, data[at : at + 3001])

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logs.read("A-1", 0, len(data) + 1) == data
    assert logs.lines("A-1", 19_999, 5) == ["19998", "19999"]


TEXT = st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b"\xc3\xa9", b"\xff", b"bc"]), max_size=60).map(b"".join)


@given(
    data=TEXT, cuts=st.lists(st.tuples(st.integers(0, 130), st.integers(0, 130)), max_size=8), line=st.integers(1, 9)
)
def test_any_chunks_give_the_bytes_and_the_lines_of_the_one_rule(
    data: bytes, cuts: list[tuple[int, int]], line: int
) -> None:
    before = module._LINES, module._BYTES
    module._LINES, module._BYTES = 3, 7  # so that small logs have many marks
    try:
        with TemporaryDirectory() as folder:
            logs = Logs(Path(folder))
            for start, length in cuts:
                logs.append("A", start, data[start : start + length] if start <= len(data) else b"?")
            assert logs.append("A", logs.size("A"), data[logs.size("A") :]) == len(data)
            whole = split_lines(data.decode("utf-8", "replace"))
            assert logs.read("A", 0, len(data)) == data
            assert logs.lines("A", line, 4) == whole[line - 1 : line + 3]
            assert logs.line_count("A") == len(whole)
    finally:
        module._LINES, module._BYTES = before
