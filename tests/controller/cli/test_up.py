"""What ``farm up`` needs before it starts: a data folder of its own, a port, settings that hold."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from controller.cli import up
from controller.cli.configured import settings_of
from controller.cli.data_folder import forget_note, held, leave_note, read_note
from controller.cli.listening import address, listen
from controller.domain.errors import DataFolderError, InvalidInputError, PortTakenError
from controller.domain.upstream import WatchedChannel
from controller.wiring import rules
from tests.kit.farms import make_farm

HOLD = """
import sys
from pathlib import Path
from controller.cli.data_folder import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(data: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_answers_leave_at_once_since_the_listener_names_its_protocol() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP, "or asyncio leaves Nagle's wait of 40 ms in force"


def test_a_data_folder_in_use_names_the_process_that_holds_it(tmp_path: Path) -> None:
    with holder(tmp_path / "data") as other:
        with pytest.raises(DataFolderError, match=str(other.pid)), held(tmp_path / "data"):
            pass
        other.kill()


def test_a_holder_that_was_killed_holds_no_more(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        other.kill()
        other.wait()
        with held(tmp_path):
            assert (tmp_path / "lock").read_text(encoding="utf-8") == str(os.getpid())


def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DataFolderError, match="file"), held(tmp_path / "file"):
        pass


def test_the_note_says_where_the_controller_answers_until_it_is_forgotten(tmp_path: Path) -> None:
    assert read_note(tmp_path) is None
    leave_note(tmp_path, "http://127.0.0.1:8440")
    assert read_note(tmp_path) == "http://127.0.0.1:8440"
    forget_note(tmp_path)
    forget_note(tmp_path)
    assert read_note(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '"http://x"', "{}", "null"])
def test_a_note_that_was_cut_off_is_no_note(tmp_path: Path, text: str) -> None:
    (tmp_path / "server.json").write_text(text, encoding="utf-8")
    assert read_note(tmp_path) is None


def test_a_taken_port_names_the_flag() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortTakenError) as caught:
            listen("127.0.0.1", other.getsockname()[1])
    assert "--port" in caught.value.remedy


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_an_address_that_is_not_this_machines_is_said_in_words(host: str) -> None:
    with pytest.raises(PortTakenError, match=host):
        listen(host, 0)


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("127.0.0.1", "http://127.0.0.1:8440"), ("0.0.0.0", "http://127.0.0.1:8440"), ("::", "http://[::1]:8440"),
        ("::1", "http://[::1]:8440"), ("farm.lan", "http://farm.lan:8440"),
    ],
)  # fmt: skip
def test_workers_of_this_machine_are_told_an_address_they_can_reach(host: str, near: str) -> None:
    assert address(host, 8440) == near


def test_what_is_said_beats_the_environment_and_that_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "farm.toml").write_text("workers = 7\nport = 7000\nhost = 'filehost'\n", encoding="utf-8")
    monkeypatch.setenv("FARM_WORKERS", "8")
    monkeypatch.setenv("FARM_PORT", "8000")
    found = settings_of({"port": 9000, "host": None})
    assert (found.host, found.workers, found.port) == ("filehost", 8, 9000)


def test_watched_channels_stand_in_tables_of_the_file_or_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "farm.toml").write_text(
        '[[watch]]\nchannel = "conda-forge"\npackages = ["mkl*"]\n[[watch]]\nchannel = "/srv/channel"\n'
        'subdirs = ["win-64"]\ninterval_seconds = 60\n', encoding="utf-8",
    )  # fmt: skip
    assert rules(settings_of({})).watch == (
        WatchedChannel("conda-forge", packages=("mkl*",)),
        WatchedChannel("/srv/channel", subdirs=("win-64",), interval_seconds=60),
    )
    monkeypatch.setenv("FARM_WATCH", '[{"channel": "bioconda"}]')
    assert rules(settings_of({})).watch == (WatchedChannel("bioconda"),)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FARM_WORKERS", "many"),
        ("FARM_WATCH", '[{"channel": ""}]'),
        ("FARM_WATCH", '[{"channel": "c", "often": 1}]'),
        ("FARM_PORT", "70000"),
        ("FARM_LEASE_SECONDS", "-1"),
        ("FARM_SUBDIRS", "["),
    ],
)
def test_a_setting_that_does_not_hold_is_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidInputError, match=variable.removeprefix("FARM_").lower()):
        settings_of({})


def test_a_settings_file_that_cannot_be_read_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "farm.toml").write_text("workers = \n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="line 1"):
        settings_of({})


def test_a_broker_that_is_no_redis_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError) as caught:
        settings_of({"broker_url": "amqp://broker"})
    assert "redis://" in caught.value.remedy


def test_a_note_that_cannot_be_written_keeps_nobody_from_serving_and_from_ending(tmp_path: Path) -> None:
    (tmp_path / "server.json.part").mkdir()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with closing(make_farm(tmp_path)) as farm:
        started = up._Up(farm, up._no_workers(tmp_path))
        threading.Timer(1.0, started.told.set).start()
        started.run("The loop is up: here", tmp_path, "http://127.0.0.1:1")
    for number, handler in before.items():
        signal.signal(number, handler)
    assert "loop" not in {thread.name for thread in threading.enumerate()}


def test_no_thread_goes_on_when_the_main_one_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def fail(*_: object) -> None:
        raise RuntimeError("what nobody thought of")

    monkeypatch.setattr(up, "note", fail)
    with closing(make_farm(tmp_path)) as farm, pytest.raises(RuntimeError, match="nobody thought of"):
        up._Up(farm, up._no_workers(tmp_path)).run("The loop is up: here", tmp_path)
    for number, handler in before.items():
        signal.signal(number, handler)
    assert "loop" not in {thread.name for thread in threading.enumerate()}
