"""One attempt from claim to report. Whatever goes wrong has an outcome; only work whose lease is lost is dropped."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import httpx2
import structlog

from workers.agent import sandbox
from workers.agent.client import Controller, ControllerError, Holding, LeaseLostError, Patience
from workers.agent.findings import Finding, Phases
from workers.agent.heart import Heart
from workers.agent.log_stream import LogStream, LogTooLongError
from workers.agent.work import Place, Work
from workers.contract.leases import Claim
from workers.contract.reports import Outcome, Phase, Report

log = structlog.get_logger(__name__)


class Runner:
    """Runs one attempt at a time."""

    def __init__(
        self, controller: Controller, place: Place, patience: Patience, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._controller = controller
        self._place = place
        self._patience = patience
        self._clock = clock
        self._stop = threading.Event()
        self._halted = False

    def run(self, claim: Claim) -> Outcome | None:
        """Do the claimed job and report it; the reported outcome, or None when the work was dropped."""
        self._stop = threading.Event()
        if self._halted:
            self._stop.set()
        holding = self._controller.holding(claim, self._patience)
        log.info("claimed", attempt=claim.attempt, kind=claim.spec.order.kind)
        try:
            return self._attempt(claim, holding)
        except (LeaseLostError, httpx2.TransportError, ControllerError) as error:
            log.warning("the work is dropped", attempt=claim.attempt, why=str(error))
            return None

    def halt(self) -> None:
        """End what runs at once; it is reported as the worker's own fault. Safe in a signal handler."""
        if not self._halted:
            self._halted = True
            self._stop.set()

    def _attempt(self, claim: Claim, holding: Holding) -> Outcome:
        try:
            with ExitStack() as stack:
                return self._work(claim, holding, stack)
        except OSError as error:  # no room even for the box or its log
            found = Finding(Outcome.INFRASTRUCTURE, "fetch", f"The worker has no place to work: {error}")
            return _report(holding, claim, found)

    def _work(self, claim: Claim, holding: Holding, stack: ExitStack) -> Outcome:
        self._place.make_room()
        box = stack.enter_context(sandbox.box(self._place.attempts / claim.attempt))
        heart = stack.enter_context(Heart(holding, claim.lease_seconds, self._stop))
        path = box.root / "attempt.log"
        stream = stack.enter_context(LogStream(path, holding, claim.spec.limits.log_bytes))
        phases = Phases(stream, heart, self._clock)
        found = Work(claim.spec, holding, self._place, box, stream, phases, self._stop).carry_out()
        if heart.lost:
            raise LeaseLostError(heart.why)
        stream.note(found.sentence)
        _finish(stream)
        return _report(holding, claim, found, phases.spent(), phases.peak_bytes)


def _finish(stream: LogStream) -> None:
    """All of the log has arrived; if the controller takes no more of it, the report still says the rest."""
    try:
        stream.finish()
    except LogTooLongError as error:
        log.warning("the log is cut short", why=str(error))


def _report(holding: Holding, claim: Claim, found: Finding, phases: tuple[Phase, ...] = (), peak: int = 0) -> Outcome:
    report = Report(
        lease=claim.lease, outcome=found.outcome, phase=found.phase, message=found.message, phases=phases,
        files=found.files, tests=found.tests, peak_memory_bytes=peak,
    )  # fmt: skip
    receipt = holding.report(report)
    log.info("reported", attempt=claim.attempt, outcome=found.sentence, accepted=receipt.accepted)
    return found.outcome
