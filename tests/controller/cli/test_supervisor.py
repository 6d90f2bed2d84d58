"""Places with workers in them: real processes, small ones."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest

from controller.cli import supervisor as supervising
from controller.cli.supervisor import Supervisor, WorkerCommand
from tests.kit.live_farm import wait_until

GOOD = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print('here', flush=True)
time.sleep(60)
"""
STUBBORN = """
import signal, sys, time
asked = []
def hear(*_):
    asked.append(1)
    if len(asked) > 1:
        print('ended the build', flush=True); sys.exit(1)
signal.signal(signal.SIGTERM, hear)
print('here', flush=True)
while True: time.sleep(60)
"""
DEAF = GOOD.replace("lambda *_: sys.exit(0)", "signal.SIG_IGN")


@dataclass(frozen=True)
class Script(WorkerCommand):
    """A worker that runs these lines."""

    code: str = GOOD

    def line(self, name: str) -> list[str]:
        return [sys.executable, "-c", self.code, name]


def pids(place: Supervisor) -> list[int]:
    return [p.process.pid for p in place._places if p.process is not None and p.process.poll() is None]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def places(data: Path, request: pytest.FixtureRequest) -> Iterator[Supervisor]:
    code = getattr(request, "param", GOOD)
    places = Supervisor(Script("http://127.0.0.1:9", "redis://x", data, ("linux-64",), code), 2)
    places.start()
    wait_until(lambda: said(data).count("here") == 2, 20, "two workers that run")
    yield places
    for pid in pids(places):
        os.kill(pid, signal.SIGKILL)
    for place in places._places:
        if place.process is not None:
            place.process.wait()


def said(data: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in (data / "workers").glob("*.log"))


def test_a_worker_that_dies_is_started_again_under_its_name(
    places: Supervisor, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "_BACK_OFF", (0.0,))
    os.kill(pids(places)[0], signal.SIGKILL)
    names = [place.name for place in places._places]
    wait_until(lambda: places.look() or said(data).count("here") == 3, 20, "a third start")
    assert len(pids(places)) == 2
    assert [place.name for place in places._places] == names
    assert len(list((data / "workers").glob("*.log"))) == 2


def test_one_that_dies_young_is_started_later_each_time() -> None:
    place = supervising._Place("w-1")
    places = Supervisor(Script("", "", Path(), (), ""), 1, [place])
    waits = []
    for _ in range(8):
        place.started = supervising.time.monotonic()
        places._note_death(place)
        waits.append(round(place.not_before - supervising.time.monotonic()))
    assert waits == sorted(waits)
    assert waits[-1] == 30
    place.started = supervising.time.monotonic() - 3600
    places._note_death(place)
    assert round(place.not_before - supervising.time.monotonic()) <= 1


def test_drained_workers_end_by_themselves_and_none_is_started(places: Supervisor) -> None:
    places.drain(20, Event())
    assert pids(places) == []
    assert [place.process.returncode for place in places._places if place.process] == [0, 0]
    places.look()
    assert pids(places) == []


@pytest.mark.parametrize("places", [STUBBORN], indirect=True)
def test_those_in_the_middle_of_a_job_are_asked_again_when_the_patience_ends(places: Supervisor, data: Path) -> None:
    places.drain(0.5, Event())
    assert pids(places) == []
    assert said(data).count("ended the build") == 2


@pytest.mark.parametrize("places", [STUBBORN], indirect=True)
def test_a_hurry_cuts_the_patience_short(places: Supervisor, data: Path) -> None:
    hurry = Event()
    hurry.set()
    places.drain(3600, hurry)
    assert pids(places) == []
    assert said(data).count("ended the build") == 2


@pytest.mark.parametrize("places", [DEAF], indirect=True)
def test_those_that_hear_nothing_are_killed(places: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "_HALT_SECONDS", 0.2)
    places.drain(0.2, Event())
    assert [place.process.returncode for place in places._places if place.process] == [-signal.SIGKILL] * 2


def test_a_worker_is_told_what_it_needs_and_no_secret_of_the_controller() -> None:
    command = WorkerCommand("http://127.0.0.1:8440", "redis://:pass@x/0", Path("/data"), ("linux-64", "linux-64.large"))
    line = command.line("w-1")
    assert "redis" not in " ".join(line)
    assert line[line.index("--parent-pid") + 1] == str(os.getpid())
    assert [line[i + 1] for i, word in enumerate(line) if word == "--pool"] == ["linux-64", "linux-64.large"]
    given = {"PATH": "/bin", "FARM_TOKEN": "admin", "FARM_DATABASE_URL": "postgresql://secret"}
    assert command.environment(given) == {"PATH": "/bin", "FARM_BROKER": "redis://:pass@x/0"}
