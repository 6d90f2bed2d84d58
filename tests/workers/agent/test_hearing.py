import json
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from workers.agent.client import Holding
from workers.agent.findings import Phases
from workers.agent.hearing import Hearer
from workers.agent.heart import Heart
from workers.agent.log_stream import LogStream
from workers.builders.events import Result, TestEnd
from workers.contract.logs import split_lines


@pytest.fixture
def hearer(holding: Holding, tmp_path: Path) -> Iterator[Hearer]:
    heart = Heart(holding, 30.0, threading.Event())
    with LogStream(tmp_path / "a.log", holding, 100_000) as stream:
        yield Hearer(stream, Phases(stream, heart, lambda: 0.0))


def spoken(text: str) -> str:
    return json.dumps({"event": "log", "text": text})


def written(hearer: Hearer, tmp_path: Path) -> list[str]:
    return split_lines((tmp_path / "a.log").read_bytes().decode())


def test_each_spoken_line_is_found_in_the_log_whatever_stands_between(hearer: Hearer, tmp_path: Path) -> None:
    hearer.stream.note("before")
    heard = [
        spoken("s1"), "stray", spoken("s2\ns3"), json.dumps({"event": "phase", "name": "test"}),
        spoken("s4"), "stray\rmore", spoken(""), spoken("s6\r\ns7"), spoken("s8"),
    ]  # fmt: skip
    for line in heard:
        hearer.hear(line)
    lines = written(hearer, tmp_path)
    assert [lines[hearer.place(number) - 1] for number in range(1, 9)] == [
        "s1", "s2", "s3", "s4", "", "s6", "s7", "s8"
    ]  # fmt: skip
    assert [hearer.place(number) for number in (-1, 0, 9, 100)] == [0, 0, 0, 0]


def test_a_result_counts_lines_as_the_log_does(hearer: Hearer, tmp_path: Path) -> None:
    assert hearer.placed_result() is None
    hearer.stream.note("before")
    hearer.hear(spoken("s1"))
    ends = (TestEnd(0, "commands", "failed", 0.1, line=1), TestEnd(1, "commands", "passed", 0.1))
    hearer.hear(json.dumps({"event": "result", **asdict(Result("failed", "test", tests=ends))}))
    result = hearer.placed_result()
    assert result is not None
    assert [test.line for test in result.tests] == [2, 0]
