"""What a worker does all day: ask for work, do it, ask again; rest when there is none.

It wakes from rest when a bell rings, and by itself every few seconds: a lost bell costs that long and no more.
While it works it takes no bell: one that has been heard by then goes back to the queue, for somebody else.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import httpx2
import structlog

from workers.agent.client import Controller, ControllerError
from workers.agent.runner import Runner
from workers.contract.leases import Claim, ClaimRequest, WorkerState
from workers.contract.platforms import Machine
from workers.contract.version import __version__

log = structlog.get_logger(__name__)

_UNWELCOME = frozenset({400, 422})


class UnwelcomeError(Exception):
    """The controller does not take this worker as it is: another protocol, or no such pool."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: a name, the pools it serves, and what its machine offers now."""

    name: str
    pools: tuple[str, ...]
    machine: Callable[[], Machine]

    def request(self) -> ClaimRequest:
        """The question for work."""
        return ClaimRequest(worker=self.name, pools=self.pools, machine=self.machine(), version=__version__)

    def state(self, state: str) -> WorkerState:
        """The word about how this worker is."""
        return WorkerState(worker=self.name, pools=self.pools, machine=self.machine(), state=state, version=__version__)


class Duty:
    """The worker's loop, in the main thread; bells ring from another, signals from handlers."""

    def __init__(
        self, controller: Controller, runner: Runner, identity: Identity, poll_seconds: float,
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        self._controller = controller
        self._runner = runner
        self._identity = identity
        self._poll = poll_seconds
        self._has_room = has_room
        self._full = False
        self._wait = poll_seconds
        self._wake: SimpleQueue[None] = SimpleQueue()  # may be put to from a signal handler, unlike an Event
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._never = threading.Event()
        self._working = False
        self.draining = False

    def serve(self, *, once: bool = False) -> None:
        """Work until told to drain; with ``once``, until there is no more work. Raises UnwelcomeError."""
        while not self.draining:
            if self._work_once():
                continue
            if once:
                return
            self._rest()

    def drain(self) -> None:
        """Finish the job that runs and take no other. Safe in a signal handler."""
        self.draining = True
        self._wake.put(None)

    def ring(self) -> bool:
        """A bell: ask for work soon. False when it should go to somebody else."""
        with self._lock:
            if self._working or self.draining:
                return False
            self._idle.clear()
            self._wake.put(None)
            return True

    def wait_until_idle(self) -> None:
        """Return when this worker rests, so that whoever brings bells brings none while it works."""
        if self.draining:
            self._never.wait()
        self._idle.wait()

    def tell(self, state: str) -> None:
        """Tell the controller how this worker is; a controller that is away need not know."""
        with suppress(httpx2.TransportError, ControllerError):
            self._controller.announce(self._identity.state(state))

    def _work_once(self) -> bool:
        """Do one job if there is one; whether there was."""
        claim = self._claim()
        if claim is None:
            return False
        with self._lock:
            self._working = True
        try:
            self._wait = min(self._poll, claim.lease_seconds)
            self._runner.run(claim)
        except Exception:
            log.exception("a job was left behind; its lease will lapse", attempt=claim.attempt)
        finally:
            with self._lock:
                self._working = False
        return True

    def _claim(self) -> Claim | None:
        if self._is_full():
            return None
        try:
            return self._controller.claim(self._identity.request())
        except ControllerError as error:
            if error.status in _UNWELCOME:
                raise UnwelcomeError(str(error)) from error
            log.warning("the controller gives no work", error=str(error))
        except httpx2.TransportError as error:
            log.warning("the controller cannot be reached", error=str(error) or repr(error))
        return None

    def _is_full(self) -> bool:
        """On a full disk every job would be lost: none is asked for until there is room again."""
        was, self._full = self._full, not self._has_room()
        if self._full and not was:
            log.warning("the disk is full: no work is asked for until there is room")
        if self._full:
            self.tell("draining")  # each time, so that it is not taken for lost
        return self._full

    def _rest(self) -> None:
        with self._lock:
            if self._wake.empty():
                self._idle.set()
        with suppress(Empty):
            self._wake.get(timeout=self._wait)
        with self._lock:
            self._idle.clear()
