"""Run one child: pass its lines on as they come, keep its limits, end all of it when one is passed."""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

from workers.agent.memory import PeakWatch
from workers.agent.process_tree import ProcessTree

_LOOK = 0.2
"""Seconds between looks at the clock and at the stop sign while the child is silent."""
_LONGEST = 1 << 20
"""Bytes after which a line without an end is passed on in pieces."""
_WAITING_LINES = 1000
"""Lines read ahead; a child that writes faster waits."""
_LAST_WORDS = 2.0
"""Seconds to wait for the end of the output once the child has ended: somebody may have run away with the pipe."""


class Why(StrEnum):
    """How a child came to its end."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    SILENT = "silent"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Ended:
    """A child's end. ``code`` is its exit code, 137 when it was ended."""

    why: Why
    code: int
    seconds: float
    peak_bytes: int = 0
    """The most memory that it and all below it were seen to hold; 0 where nobody looked."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, with which environment, where."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a child may take, and how long it may write nothing; in seconds."""

    total_seconds: float
    silence_seconds: float


def run(
    command: Command, bounds: Bounds, on_line: Callable[[str], None], stop: threading.Event,
    clock: Callable[[], float] = time.monotonic,
) -> Ended:  # fmt: skip
    """Run to the end, or to the first bound, or until ``stop`` is set; nothing of the child is left afterwards.

    ``on_line`` is called in this thread with each line as text without its break; what it raises ends the child
    and goes on up.
    """
    began = clock()
    tree = ProcessTree(command.arguments, command.environment, command.folder)
    lines: queue.Queue[bytes | None] = queue.Queue(_WAITING_LINES)
    abandoned = threading.Event()
    reader = threading.Thread(target=_read, args=(tree.output, lines, abandoned), name="child-output", daemon=True)
    reader.start()
    memory = PeakWatch(tree.pid)
    try:
        why = _follow(tree, lines, bounds, on_line, stop, clock)
        code = _end(tree, why, lines, on_line)
    finally:
        peak = memory.end()
        abandoned.set()
        tree.end()
        reader.join(_LAST_WORDS)
        if not reader.is_alive():
            tree.close()
    return Ended(why, code, clock() - began, peak)


def _read(output: IO[bytes], lines: "queue.Queue[bytes | None]", abandoned: threading.Event) -> None:
    with suppress(ValueError, OSError):  # closed under our hands
        while line := output.readline(_LONGEST):
            _put(lines, line, abandoned)
    _put(lines, None, abandoned)


def _put(lines: "queue.Queue[bytes | None]", line: bytes | None, abandoned: threading.Event) -> None:
    while not abandoned.is_set():
        with suppress(queue.Full):
            lines.put(line, timeout=_LOOK)
            return


def _follow(
    tree: ProcessTree, lines: "queue.Queue[bytes | None]", bounds: Bounds, on_line: Callable[[str], None],
    stop: threading.Event, clock: Callable[[], float],
) -> Why:  # fmt: skip
    """Pass lines on until there are no more, or a bound is passed."""
    began = heard = clock()
    while True:
        try:
            line = lines.get(timeout=_LOOK)
        except queue.Empty:
            if tree.wait(0) is not None and lines.empty():
                return Why.EXITED  # though somebody still holds the pipe
        else:
            if line is None:
                return Why.EXITED
            heard = clock()
            on_line(_text(line))
        now = clock()
        if stop.is_set():
            return Why.STOPPED
        if now - began > bounds.total_seconds:
            return Why.TIMEOUT
        if now - heard > bounds.silence_seconds:
            return Why.SILENT


def _end(tree: ProcessTree, why: Why, lines: "queue.Queue[bytes | None]", on_line: Callable[[str], None]) -> int:
    if why is not Why.EXITED:
        tree.end()
        _drain(lines, on_line)
    return tree.wait(_LAST_WORDS) or 0


def _drain(lines: "queue.Queue[bytes | None]", on_line: Callable[[str], None]) -> None:
    """Pass on what the child still said before it was ended."""
    with suppress(queue.Empty):
        while (line := lines.get(timeout=_LOOK)) is not None:
            on_line(_text(line))


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
