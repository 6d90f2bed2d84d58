"""The command ``farm-worker``: start, listen, work, drain on a signal."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import structlog

from workers.agent import machine, options
from workers.agent.alone import TakenError
from workers.agent.options import Options, UsageError

log = structlog.get_logger("farm-worker")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; answers its exit code: 0 done or drained, 1 ended at once, 2 wrongly called or unwelcome."""
    given = options.parser().parse_args(arguments)
    _log_to_stderr()
    try:
        return _check(given.work_dir) if given.command == "check" else _run(options.read(given, os.environ))
    except (UsageError, TakenError, machine.UnknownMachineError, ValueError) as error:
        return _refuse(str(error))


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def _check(work: str | None) -> int:
    found = machine.describe(Path(work or "."), machine.detect_virtual_packages(), gpus=machine.count_gpus())
    sys.stdout.write(found.model_dump_json(indent=2) + "\n")
    return 0


def _run(chosen: Options) -> int:
    from workers.agent.duty import UnwelcomeError
    from workers.agent.standing import Worker

    worker = Worker(chosen)
    _on_signals(worker.hear_signal)
    try:
        return worker.work()
    except UnwelcomeError as error:
        return _refuse(f"the controller does not take this worker: {error}")


def _refuse(why: str) -> int:
    sys.stderr.write(f"farm-worker: {why}\n")
    return 2


def _on_signals(heard: Callable[[], None]) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        heard()

    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):  # the last is Windows' Ctrl-Break
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), handle)


if __name__ == "__main__":
    sys.exit(main())
