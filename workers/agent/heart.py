"""The thread that renews a lease three times in its life, and hears when to stop.

A controller that is away stops nothing: the build goes on, the lease may lapse, and then the first write that
the controller refuses says so.
"""

import threading
from types import TracebackType
from typing import Self

import httpx2
import structlog

from workers.agent.client import ControllerError, Holding, LeaseLostError

log = structlog.get_logger(__name__)


class Heart:
    """Beats from entry to exit. ``stop`` is set when the work is to be ended; ``why`` then says why."""

    def __init__(self, holding: Holding, lease_seconds: float, stop: threading.Event) -> None:
        self._holding = holding
        self._interval = lease_seconds / 3
        self._stop = stop
        self._over = threading.Event()
        self._wake = threading.Event()
        self._phase = ""
        self._heard = True
        self._thread = threading.Thread(target=self._beat_on, name="heart", daemon=True)
        self.lost = False
        self.why = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._wake.set()

    def phase(self, name: str) -> None:
        """Tell the next phase with a beat at once."""
        self._phase = name
        self._wake.set()

    def _beat_on(self) -> None:
        while not self._over.is_set():
            self._wake.clear()
            if not self._beat():
                self._stop.set()
                return
            self._wake.wait(self._interval if self._heard else self._interval / 4)  # else one lost beat costs the lease

    def _beat(self) -> bool:
        """One beat; whether to go on."""
        try:
            answer = self._holding.beat(self._phase, max(self._interval, 1.0))
        except LeaseLostError as error:
            return self._end(str(error))
        except (httpx2.TransportError, ControllerError) as error:
            log.warning("the controller did not hear a heartbeat", error=str(error))
            self._heard = False
            return True
        self._heard = True
        return self._end(answer.reason) if answer.stop else True

    def _end(self, why: str) -> bool:
        self.lost, self.why = True, why
        return False
