"""The log of an attempt on its way to the controller: kept on disk until it has arrived, sent within a second,
or as seldom as a controller with many workers asks for.

The file is the buffer, so a controller that is away for hours costs disk and no memory; an offset is a place
in it, so nothing is lost or doubled however often a piece is sent.
"""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from workers.agent.client import Holding
from workers.contract.logs import NOTE_MARK, PHASE_MARK

_GATHER = 0.25
"""Seconds in which lines are gathered into one piece."""
_SLOWEST = 30.0
"""Seconds in which they are gathered at most, whatever the controller asks for."""
_PIECE = 256 * 1024
_NOTES = 64 * 1024
"""Bytes above the limit that the worker's own last notes may take."""

_SETBACKS = 10
"""Times that the controller may have kept less than it said before, as after a crash of its machine."""


class LogTooLongError(Exception):
    """The log has reached its limit."""


class LogStream:
    """Write lines from any thread; a thread of its own sends them. A context manager."""

    def __init__(self, path: Path, holding: Holding, limit: int) -> None:
        self._file = path.open("w+b", buffering=0)
        self._holding = holding
        self._limit = limit
        self._lock = threading.Lock()
        self._written = 0
        self._lines = 0
        self._sent = 0
        self._news = threading.Event()
        self._closing = threading.Event()
        self._setbacks = 0
        self._abandoned = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._send_all, name="log-stream", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._abandoned = True
        self._closing.set()
        self._news.set()

    def write(self, line: str) -> None:
        """Add a line (or several). Raises LogTooLongError once the log is longer than its limit."""
        self._append(line, self._limit)

    @property
    def lines(self) -> int:
        """How many lines the log has so far; ``contract.logs`` has the rule for what a line is."""
        with self._lock:
            return self._lines

    def note(self, text: str) -> None:
        """Add one or more lines of the worker's own, for which there is always some room."""
        self._append("\n".join(NOTE_MARK + line for line in text.splitlines()), self._limit + _NOTES)

    def mark(self, phase: str) -> None:
        """Add the line that opens a phase."""
        self._append(PHASE_MARK + phase, self._limit + _NOTES)

    def finish(self) -> None:
        """Return when all has arrived. Raises LeaseLostError, or what made sending fail for good."""
        self._closing.set()
        self._news.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _append(self, text: str, limit: int) -> None:
        data = (text + "\n").encode("utf-8", "replace")
        with self._lock:
            if self._written + len(data) > limit:
                raise LogTooLongError(f"The log is longer than {self._limit} bytes.")
            self._file.seek(self._written)
            self._file.write(data)
            self._written += len(data)
            self._lines += text.count("\n") + 1
        self._news.set()

    def _send_all(self) -> None:
        try:
            while self._send_news():
                pass
        except Exception as error:  # noqa: BLE001 -- told to whoever finishes the log
            self._failure = error
        finally:
            with self._lock:
                self._file.close()

    def _send_news(self) -> bool:
        """Send what is new; whether there may be more."""
        closing = self._closing.is_set()  # looked at before the rest is sent, so nothing written earlier is missed
        while not self._abandoned and (piece := self._piece()):
            kept = self._holding.send_log(self._sent, piece, over=lambda: self._abandoned)
            self._setbacks += kept < self._sent
            if kept == self._sent or self._setbacks > _SETBACKS:
                raise LogTooLongError("The controller takes no more of this log.")
            self._sent = min(kept, self._written)
        if closing:
            return False
        self._news.wait()
        self._closing.wait(max(_GATHER, min(self._holding.log_pace, _SLOWEST)))
        self._news.clear()
        return True

    def _piece(self) -> bytes:
        with self._lock:
            self._file.seek(self._sent)
            return self._file.read(_PIECE) or b""
