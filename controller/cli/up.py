"""``farm up``: a whole farm in one command: broker, controller, loop and workers, until it is told to stop."""

import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Iterator
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
                serve = _Up(farm, listener, Supervisor(command, settings.workers), broker)
                serve.run(url, data)


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


@dataclass(slots=True)
class _Up:
    """One run of ``farm up``: two threads, the workers, and what the signals said."""

    farm: Farm
    listener: socket.socket
    supervisor: Supervisor
    broker: EmbeddedBroker | None
    told: threading.Event = field(default_factory=threading.Event)
    hurried: threading.Event = field(default_factory=threading.Event)
    _broker_fault: str = ""

    def run(self, url: str, data: Path) -> None:
        """Serve until told to stop; workers are drained while the controller can still take their reports."""
        app = create_app(self.farm)
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5)
        server, ended = uvicorn.Server(config), threading.Event()
        threads = [
            threading.Thread(target=server.run, kwargs={"sockets": [self.listener]}, name="web server"),
            threading.Thread(target=run_loop, args=(self.farm, ended), name="loop"),
        ]
        self._hear_signals()
        for thread in threads:
            thread.start()
        leave_note(data, url)
        note(f"The farm is up: {url}  ({counted(self.supervisor.number, 'worker')}, data in {data})  Ctrl-C stops it.")
        try:
            self._look_after(threads)
            self.supervisor.drain(_DRAIN_SECONDS, self.hurried)
        finally:
            forget_note(data)
            app.state.tail.close()  # or every open page would hold the server for its grace
            server.should_exit = True
            ended.set()
            self.farm.wake.set()
            for thread in threads:
                thread.join()
        note("The farm is down.")

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
