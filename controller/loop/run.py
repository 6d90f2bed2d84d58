"""The loop: leads if it may, ticks when woken or when the time has come, and survives every error."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

import structlog

from controller.loop.beside import Beside, in_a_thread
from controller.services import leading, reconcile
from controller.services.farm import Farm

log = structlog.get_logger(__name__)

_PAUSE_AFTER_ERROR = 1.0
_BEATS = 3
"""So often within its lease a leader renews it."""


def run_loop(farm: Farm, stop: threading.Event, beside: Beside = in_a_thread) -> None:
    """Tick until ``stop`` is set. Only one loop of all controllers leads; the others wait to take over."""
    while not stop.is_set():
        try:
            epoch = leading.seek(farm)
            if epoch is not None:
                _lead(_Lead(farm, epoch, farm.database_time()), stop, beside)
        except leading.DeposedError as error:
            log.warning("the loop leads no more, and waits to take over", why=str(error))
        except Exception:
            log.exception("the loop met an error and goes on")
            stop.wait(_PAUSE_AFTER_ERROR)
        stop.wait(farm.rules.tick_seconds)


@dataclass(slots=True)
class _Lead:
    """One time of leading. ``ticked_at`` tells others whether it stands still."""

    farm: Farm
    epoch: int
    ticked_at: datetime

    def beat(self, ended: threading.Event) -> None:
        """Renew the lease again and again, however long a tick takes."""
        while not ended.wait(self.farm.rules.leader_seconds / _BEATS):
            try:
                leading.keep(self.farm, self.epoch, self.ticked_at)
            except leading.DeposedError:
                return  # the loop finds out by itself, before its next commit
            except Exception as error:  # noqa: BLE001 -- told, and tried again while the lease lasts
                log.error("the leader's lease could not be renewed and is tried again", error=repr(error))  # noqa: TRY400


def _lead(lead: _Lead, stop: threading.Event, beside: Beside) -> None:
    farm = leading.led(lead.farm, lead.epoch)
    log.info("this loop leads", epoch=lead.epoch)
    try:
        with beside("heart", lead.beat), _looking_outside(farm, beside):
            while not stop.is_set():
                farm.wake.clear()
                lead.ticked_at = leading.check(farm, lead.epoch)
                _tick(farm, reconcile.STEPS)
                farm.wake.wait(farm.rules.tick_seconds)
    finally:
        lead.farm.looked = farm.looked
        leading.give_up(lead.farm, lead.epoch)


def _looking_outside(farm: Farm, beside: Beside) -> AbstractContextManager[None]:
    """What may wait for a channel for minutes, or plan for one, goes on beside and keeps nobody waiting."""

    def look(ended: threading.Event) -> None:
        while not ended.wait(farm.rules.tick_seconds):
            try:
                _tick(farm, reconcile.OUTSIDE)
            except leading.DeposedError:
                return

    return beside("outside", look)


def _tick(farm: Farm, steps: Sequence[reconcile.Step]) -> None:
    for step, error in reconcile.tick(farm, steps):
        log.error("a step of the loop failed; the others went on", step=step, error=repr(error))
