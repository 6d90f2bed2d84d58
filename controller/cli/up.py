"""``farm up``: a whole farm in one command: broker, controller, loop and workers, until it is told to stop."""

import contextlib
import signal
import socket
import threading
from pathlib import Path

import structlog
import uvicorn

from controller.cli.data_folder import held, leave_note
from controller.cli.supervisor import Supervisor, WorkerCommand
from controller.domain.errors import BrokerError, PortTakenError
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
    """Hold the data folder and serve until SIGINT or SIGTERM. Raises FarmError when it cannot start."""
    data = settings.data.resolve()
    with held(data), contextlib.closing(listen(settings.host, settings.port)) as listener:
        port = int(listener.getsockname()[1])
        url = settings.public_url or f"http://{settings.host}:{port}"
        broker = None if settings.broker_url else EmbeddedBroker(data)
        if broker is not None:
            broker.ensure()
        farm = open_farm(settings, broker.url if broker else settings.broker_url)
        leave_note(data, url)
        _serve(farm, _Parts(settings, listener, url, broker, data, pools or farm.rules.subdirs))


class _Parts:
    """What one run of ``farm up`` is made of."""

    def __init__(
        self, settings: Settings, listener: socket.socket, url: str, broker: EmbeddedBroker | None, data: Path,
        pools: tuple[str, ...],
    ) -> None:  # fmt: skip
        self.settings, self.listener, self.url, self.broker = settings, listener, url, broker
        address = broker.url if broker else settings.broker_url
        self.supervisor = Supervisor(WorkerCommand(url, address, data, pools), settings.workers)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PortTakenError, naming the flag."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise PortTakenError(
            f"Cannot listen on {host}:{port}: {error.strerror}.", remedy="Choose another port with --port, or --port 0."
        ) from error
    return listener


def _serve(farm: Farm, parts: _Parts) -> None:
    """Serve until told to stop; workers are drained while the controller can still take their reports."""
    stop, ended = threading.Event(), threading.Event()
    server = uvicorn.Server(
        uvicorn.Config(create_app(farm), log_level="warning", access_log=False, timeout_graceful_shutdown=5)
    )
    threads = [
        threading.Thread(target=server.run, kwargs={"sockets": [parts.listener]}, name="web"),
        threading.Thread(target=run_loop, args=(farm, ended), name="loop"),
    ]
    _stop_on_signals(stop)
    for thread in threads:
        thread.start()
    log.info("the farm is up", url=parts.url, workers=parts.settings.workers)
    _look_after(parts, stop, threads)
    parts.supervisor.drain(_DRAIN_SECONDS)
    server.should_exit = True
    ended.set()
    farm.wake.set()
    for thread in threads:
        thread.join()
    if parts.broker is not None:
        parts.broker.stop()
    farm.close()


def _stop_on_signals(stop: threading.Event) -> None:
    def on_signal(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)  # a second one ends it at once
        log.info("stopping: workers finish what they do", seconds=_DRAIN_SECONDS)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)


def _look_after(parts: _Parts, stop: threading.Event, threads: list[threading.Thread]) -> None:
    parts.supervisor.start()
    while not stop.wait(_LOOK_SECONDS) and all(thread.is_alive() for thread in threads):
        try:
            if parts.broker is not None and parts.broker.ensure():
                log.warning("the embedded broker had ended and was started again")
        except BrokerError as error:
            log.error("the embedded broker cannot be started; tried again at once", error=str(error))  # noqa: TRY400
        parts.supervisor.look()
