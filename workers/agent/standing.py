"""A worker put together from its options: folders, controller, runner, duty, doorbell, and its end."""

import os
import threading
import time
from typing import TYPE_CHECKING

import stamina.instrumentation
import structlog

from workers.agent import alone, machine, sandbox
from workers.agent.client import Controller, Patience
from workers.agent.duty import Duty, Identity
from workers.agent.options import Options
from workers.agent.process_tree import is_alive
from workers.agent.runner import Runner
from workers.agent.work import Place

if TYPE_CHECKING:
    from stamina.instrumentation import RetryDetails

    from workers.agent.doorbell import Doorbell

log = structlog.get_logger(__name__)

_LOOK = 0.5
"""Seconds between looks at the parent process and at the sign to drain."""
_ORPHAN_SECONDS = 900.0
"""Seconds for which a worker whose parent is gone still tries to deliver its last report."""
_HALTED_SECONDS = 5.0
"""The same for a worker that was told to end at once."""


class Worker:
    """One worker process."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._give_up_at = float("inf")
        self._signals = 0
        self._parent_at_start = os.getppid()
        stamina.instrumentation.set_on_retry_hooks([_say_retry])
        self._attempts = options.work / "attempts" / options.name
        self._lock = alone.hold(options.work / "attempts" / f"{options.name}.lock")
        sandbox.remove(self._attempts)  # what an earlier worker of this name left when it was killed
        self._attempts.mkdir(parents=True, exist_ok=True)
        self._controller = Controller(options.server, self._token)
        place = Place(self._attempts, options.cache, machine.native_subdir(), dict(os.environ), options.passed)
        patience = Patience(over=lambda: time.monotonic() > self._give_up_at)
        self._runner = Runner(self._controller, place, patience)
        self._duty = Duty(self._controller, self._runner, self._identity(), options.poll_seconds, place.has_room)

    def work(self) -> int:
        """Work until drained; answers the exit code. Raises UnwelcomeError."""
        options = self._options
        log.info("worker starts", name=options.name, pools=options.pools, server=options.server)
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        bell = None if options.once else self._hang_doorbell()
        try:
            self._duty.serve(once=options.once)
        finally:
            self._duty.draining = True
            if bell is not None:
                bell.stop()
            self._duty.tell("gone")
            sandbox.remove(self._attempts)
        log.info("worker ends", name=options.name)
        return 1 if self._signals > 1 else 0

    def hear_signal(self) -> None:
        """The first signal drains, the second ends the running job at once. Called in a signal handler."""
        self._signals += 1
        self._duty.drain()
        if self._signals > 1:
            self._give_up_at = min(self._give_up_at, time.monotonic() + _HALTED_SECONDS)
            self._runner.halt()

    def _identity(self) -> Identity:
        virtual, gpus, chosen = machine.detect_virtual_packages(), machine.count_gpus(), self._options
        return Identity(
            chosen.name, chosen.pools, lambda: machine.describe(chosen.work, virtual, chosen.labels, gpus)
        )  # fmt: skip

    def _token(self) -> str:
        """Read anew for every use: a token may be changed while a worker runs."""
        return self._options.token_file.read_text(encoding="utf-8").strip()

    def _hang_doorbell(self) -> "Doorbell":
        from workers.agent.doorbell import Doorbell

        bell = Doorbell(
            self._options.broker, self._options.name, self._options.pools, self._duty.ring, self._duty.wait_until_idle
        )
        bell.start()
        return bell

    def _watch(self) -> None:
        """Drain when the parent is gone; tell the controller when draining begins."""
        while not self._duty.draining:
            if self._options.parent and not self._parent_lives():
                log.warning("the parent process is gone: draining", parent=self._options.parent)
                self._give_up_at = time.monotonic() + _ORPHAN_SECONDS
                self._duty.drain()
            time.sleep(_LOOK)
        self._duty.tell("draining")

    def _parent_lives(self) -> bool:
        """By parentage where that is possible: a number may be given to another process."""
        if self._options.parent == self._parent_at_start:
            return os.getppid() == self._options.parent and is_alive(self._options.parent)
        return is_alive(self._options.parent)


def _say_retry(details: "RetryDetails") -> None:
    log.warning(
        "trying again", in_seconds=round(details.wait_for, 1), why=str(details.caused_by) or repr(details.caused_by)
    )
