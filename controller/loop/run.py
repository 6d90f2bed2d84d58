"""The loop's thread: leads if it may, ticks when woken or when the time has come, and survives every error."""

import threading

import structlog

from controller.services import reconcile
from controller.services.farm import Farm

log = structlog.get_logger(__name__)

_PAUSE_AFTER_ERROR = 1.0


def run_loop(farm: Farm, stop: threading.Event) -> None:
    """Tick until ``stop`` is set. Only one loop of all controllers leads; the others wait to take over."""
    while not stop.is_set():
        try:
            with farm.database.leading() as leads:
                if leads:
                    _lead(farm, stop)
        except Exception:
            log.exception("the loop met an error and goes on")
            stop.wait(_PAUSE_AFTER_ERROR)
        stop.wait(farm.rules.tick_seconds)


def _lead(farm: Farm, stop: threading.Event) -> None:
    while not stop.is_set():
        farm.wake.clear()
        for step, error in reconcile.tick(farm):
            log.error("a step of the loop failed; the others went on", step=step, error=repr(error))
        farm.wake.wait(farm.rules.tick_seconds)
