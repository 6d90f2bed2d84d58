"""The embedded broker, with a real Valkey."""

import os
import signal
import socket
from pathlib import Path

import pytest
import redis

from controller.gateways.broker import EmbeddedBroker
from tests.kit.live_farm import wait_until


@pytest.fixture
def broker(tmp_path: Path):
    broker = EmbeddedBroker(tmp_path)
    yield broker
    broker.stop()


def test_it_starts_once_and_answers_only_with_its_password(broker: EmbeddedBroker) -> None:
    assert broker.ensure()
    assert not broker.ensure()
    with redis.Redis.from_url(broker.url) as client:
        assert client.ping()
    port = int(broker.url.rsplit(":", 1)[1].split("/")[0])
    with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_a_killed_server_is_started_again_at_the_same_address(broker: EmbeddedBroker) -> None:
    broker.ensure()
    before = broker.url
    os.kill(broker.pid, signal.SIGKILL)
    wait_until(broker.ensure, 10, "a new server")
    assert broker.url == before


def test_a_living_server_of_a_killed_controller_is_adopted(broker: EmbeddedBroker, tmp_path: Path) -> None:
    broker.ensure()
    heir = EmbeddedBroker(tmp_path)
    assert not heir.ensure()
    assert heir.pid == broker.pid


def test_a_port_that_somebody_else_took_is_given_up_for_a_free_one(broker: EmbeddedBroker) -> None:
    broker.ensure()
    port = int(broker.url.rsplit(":", 1)[1].split("/")[0])
    broker.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert broker.ensure()
        assert str(port) not in broker.url
