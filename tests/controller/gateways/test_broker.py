"""The embedded broker, with a real Valkey."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from controller.domain.errors import BrokerError
from controller.gateways.broker import EmbeddedBroker
from tests.kit.live_farm import wait_until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker(tmp_path)
    yield broker
    broker.stop()


def port_of(broker: EmbeddedBroker) -> int:
    return int(broker.url.rsplit(":", 1)[1].split("/")[0])


@contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        yield


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_starts_once_and_answers_only_with_its_password(broker: EmbeddedBroker) -> None:
    assert broker.ensure()
    assert not broker.ensure()
    with redis.Redis.from_url(broker.url) as client:
        assert client.ping()
    with redis.Redis(port=port_of(broker)) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_its_files_with_the_password_are_its_owners_alone(broker: EmbeddedBroker, tmp_path: Path) -> None:
    broker.ensure()
    for file in (tmp_path / "broker.json", tmp_path / "broker" / "valkey.conf"):
        assert file.stat().st_mode & 0o077 == 0


def test_a_killed_server_is_started_again_at_the_same_address(broker: EmbeddedBroker) -> None:
    broker.ensure()
    before = broker.url
    os.kill(broker.pid, signal.SIGKILL)
    wait_until(broker.ensure, 10, "a new server")
    assert broker.url == before


def test_a_hung_server_is_ended_and_another_takes_its_address(broker: EmbeddedBroker) -> None:
    broker.ensure()
    before, hung = broker.url, broker.pid
    os.kill(hung, signal.SIGSTOP)
    assert broker.ensure()
    assert broker.url == before
    assert not lives(hung)


def test_a_living_server_of_a_killed_controller_is_adopted_and_can_be_stopped(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    broker.ensure()
    heir = EmbeddedBroker(tmp_path)
    assert not heir.ensure()
    assert heir.pid == broker.pid
    heir.stop()
    assert not heir.answers()


def test_stopping_twice_and_stopping_what_never_ran_does_no_harm(broker: EmbeddedBroker) -> None:
    broker.stop()
    broker.ensure()
    broker.stop()
    broker.stop()
    assert not broker.answers()


def test_a_port_taken_between_two_runs_is_given_up_for_a_free_one(broker: EmbeddedBroker, tmp_path: Path) -> None:
    broker.ensure()
    port = port_of(broker)
    broker.stop()
    heir = EmbeddedBroker(tmp_path)
    with taken(port):
        assert heir.ensure()
        assert port_of(heir) != port
        heir.stop()


def test_a_port_that_workers_know_is_never_changed_under_them(broker: EmbeddedBroker) -> None:
    broker.ensure()
    port = port_of(broker)
    broker.stop()
    with taken(port), pytest.raises(BrokerError, match=str(port)):
        broker.ensure()
    assert broker.ensure()
    assert port_of(broker) == port


def test_the_number_of_a_dead_server_given_to_another_process_is_left_alone(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    broker.ensure()
    broker.stop()
    kept = tmp_path / "broker.json"
    kept.write_text(kept.read_text(encoding="utf-8").replace(f'"pid": {broker.pid}', f'"pid": {os.getpid()}'))
    assert broker.ensure()
    assert broker.pid != os.getpid()


def test_a_folder_with_a_space_in_its_name_will_do(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path / "a folder")
    (tmp_path / "a folder").mkdir()
    assert broker.ensure()
    broker.stop()


def test_a_spoilt_note_is_named_with_what_to_do(broker: EmbeddedBroker, tmp_path: Path) -> None:
    (tmp_path / "broker.json").write_text("{", encoding="utf-8")
    with pytest.raises(BrokerError, match=r"broker\.json"):
        broker.ensure()
    (tmp_path / "broker.json").unlink()
