"""``farm up``: a whole farm in one command: broker, controller, loop and workers, until it is told to stop.

``farm server`` and ``farm loop`` are its two parts alone, for farms of several controllers.
"""

import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog
import uvicorn

from controller.cli.data_folder import forget_note, held, leave_note
from controller.cli.listening import address, listen
from controller.cli.output import counted, note
from controller.cli.supervisor import Supervisor, WorkerCommand
from controller.domain.errors import BrokerError, FarmError
from controller.gateways.broker import EmbeddedBroker
from controller.loop.run import run_loop
from controller.services.farm import Farm
from controller.settings import Settings
from controller.web.app import create_app
from controller.wiring import open_farm

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.5
_DRAIN_SECONDS = 20.0
_NO_BROKER = "redis://127.0.0.1:0"
"""Loops ring; a server does not."""


def run(settings: Settings, pools: tuple[str, ...] = ()) -> None:
    """Hold the data folder and serve until SIGINT or SIGTERM. Raises FarmError when it cannot start or go on."""
    _log_to_stderr()
    data = settings.data.resolve()
    with held(data), contextlib.closing(listen(settings.host, settings.port)) as listener:
        url = settings.public_url or address(settings.host, int(listener.getsockname()[1]))
        with _broker(settings, data) as broker:
            broker_url = broker.url if broker else settings.broker_url
            with contextlib.closing(open_farm(settings, broker_url)) as farm:
                command = WorkerCommand(url, broker_url, data, pools or farm.rules.subdirs)
                serve = _Up(farm, Supervisor(command, settings.workers), listener, broker=broker)
                said = f"{counted(settings.workers, 'worker')}, data in {data}"
                serve.run(f"The farm is up: {url}  ({said})", data, url)


def run_server(settings: Settings) -> None:
    """Serve pages, API and workers, and leave the clock's work to loops elsewhere. Raises FarmError."""
    _log_to_stderr()
    data = settings.data.resolve()
    with (
        contextlib.closing(listen(settings.host, settings.port)) as listener,
        contextlib.closing(open_farm(settings, settings.broker_url or _NO_BROKER)) as farm,
    ):
        url = settings.public_url or address(settings.host, int(listener.getsockname()[1]))
        _Up(farm, _no_workers(data), listener, loops=False).run(f"The server is up: {url}  (data in {data})", data, url)


def run_loop_alone(settings: Settings) -> None:
    """Do the clock's work, or wait to take it over. Raises FarmError."""
    _log_to_stderr()
    data = settings.data.resolve()
    with contextlib.closing(open_farm(settings, _broker_beside(settings, data))) as farm:
        _Up(farm, _no_workers(data)).run(f"The loop is up: {farm.process}  (data in {data})", data)


def _broker_beside(settings: Settings, data: Path) -> str:
    broker = EmbeddedBroker(data)
    if not settings.broker_url and not broker.answers():
        raise BrokerError(
            "A loop needs the broker on which the workers hear bells, and none is named.",
            remedy="Name it with --broker or FARM_BROKER_URL, or start `farm up` on this data folder first.",
        )
    return settings.broker_url or broker.url


def _no_workers(data: Path) -> Supervisor:
    return Supervisor(WorkerCommand("", "", data, ()), 0)


def _log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # whatever stderr is when something is said
    )


@contextlib.contextmanager
def _broker(settings: Settings, data: Path) -> Iterator[EmbeddedBroker | None]:
    """The embedded broker, up while inside; None where another one is named."""
    if settings.broker_url:
        yield None
        return
    broker = EmbeddedBroker(data)
    broker.ensure()
    try:
        yield broker
    finally:
        broker.stop()


def _leave_note(data: Path, url: str) -> None:
    """A disk that is full for a while keeps nobody from serving."""
    try:
        if url:
            leave_note(data, url)
    except OSError as error:
        log.error("no note for commands beside this farm; name it with --server", why=str(error))  # noqa: TRY400


@dataclass(frozen=True, slots=True)
class _Part:
    """A thread, and how it is told to end."""

    thread: threading.Thread
    end: Callable[[], None]


@dataclass(slots=True)
class _Up:
    """One run of ``farm up`` or of a part of it: threads, workers, and what the signals said."""

    farm: Farm
    supervisor: Supervisor
    listener: socket.socket | None = None
    """Where the web server listens; without it there is none."""
    loops: bool = True
    broker: EmbeddedBroker | None = None
    told: threading.Event = field(default_factory=threading.Event)
    hurried: threading.Event = field(default_factory=threading.Event)
    _broker_fault: str = ""

    def run(self, said: str, data: Path, url: str = "") -> None:
        """Go on until told to stop; workers are drained while the controller can still take their reports."""
        parts = [part() for part, there in ((self._web, self.listener), (self._loop, self.loops)) if there]
        self._hear_signals()
        try:  # whatever happens from here on, no thread is left to go on without this one
            for part in parts:
                part.thread.start()
            _leave_note(data, url)
            note(f"{said}  Ctrl-C stops it.")
            self._look_after([part.thread for part in parts])
            self.supervisor.drain(_DRAIN_SECONDS, self.hurried)
        finally:
            if url:
                forget_note(data)
            for part in parts:
                part.end()
            for part in parts:
                if part.thread.ident is not None:
                    part.thread.join()
        note(said.split(" is up", 1)[0] + " is down.")

    def _web(self) -> "_Part":
        app = create_app(self.farm)
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)

        def end() -> None:
            app.state.tail.close()  # or every open page would hold the server for its grace
            server.should_exit = True

        return _Part(threading.Thread(target=server.run, kwargs={"sockets": [self.listener]}, name="web server"), end)

    def _loop(self) -> "_Part":
        ended = threading.Event()

        def end() -> None:
            ended.set()
            self.farm.wake.set()

        return _Part(threading.Thread(target=run_loop, args=(self.farm, ended), name="loop"), end)

    def _hear_signals(self) -> None:
        """The first signal drains, the second ends running jobs at once, the third ends this process."""

        def hear(number: int, _frame: object) -> None:
            if self.told.is_set():
                self.hurried.set()
                signal.signal(number, signal.SIG_DFL)
            self.told.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, hear)

    def _look_after(self, threads: list[threading.Thread]) -> None:
        self.supervisor.start()
        while not self.told.wait(_LOOK_SECONDS):
            dead = [thread.name for thread in threads if not thread.is_alive()]
            if dead:
                self.supervisor.drain(_DRAIN_SECONDS, self.hurried)
                raise FarmError(f"The {dead[0]} ended by itself.", remedy="What is said above tells why; start again.")
            self._see_to_the_broker()
            self.supervisor.look()
        if self.supervisor.number:
            note(f"Stopping: workers have {_DRAIN_SECONDS:.0f} s to finish what they do. Once more to stop at once.")

    def _see_to_the_broker(self) -> None:
        """Start it again if it ended. Workers and loop live without it, so a fault is said once and tried again."""
        if self.broker is None:
            return
        try:
            started = self.broker.ensure()
        except BrokerError as error:
            if error.what != self._broker_fault:
                log.error("the embedded broker cannot be started and is tried again", why=error.what)  # noqa: TRY400
            self._broker_fault = error.what
        else:
            self._broker_fault = ""
            if started:
                log.warning("the embedded broker had ended and was started again")
