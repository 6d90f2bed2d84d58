"""The loop's thread: leads if it may, ticks when woken or when the time has come, and survives every error."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from controller.services import reconcile
from controller.services.farm import Farm

log = structlog.get_logger(__name__)

_PAUSE_AFTER_ERROR = 1.0
_PATIENCE = 5.0
"""Seconds that the end of the loop waits for a look at a channel."""


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
    with _looking_outside(farm):
        while not stop.is_set():
            farm.wake.clear()
            _tick(farm, reconcile.STEPS)
            farm.wake.wait(farm.rules.tick_seconds)


@contextmanager
def _looking_outside(farm: Farm) -> Iterator[None]:
    """What may wait for a channel for minutes has a thread of its own, where any is watched, and keeps nobody waiting.

    What is under way at the end is kept whole or not at all, and done again by whoever leads then.
    """
    if not farm.rules.watch:
        yield
        return
    ended = threading.Event()
    outside = threading.Thread(target=_look_outside, args=(farm, ended), name="upstream", daemon=True)
    outside.start()
    try:
        yield
    finally:
        ended.set()
        outside.join(_PATIENCE)


def _look_outside(farm: Farm, ended: threading.Event) -> None:
    while not ended.wait(farm.rules.tick_seconds):
        _tick(farm, reconcile.OUTSIDE)


def _tick(farm: Farm, steps: Sequence[reconcile.Step]) -> None:
    for step, error in reconcile.tick(farm, steps):
        log.error("a step of the loop failed; the others went on", step=step, error=repr(error))
