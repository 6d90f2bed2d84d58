"""One process of the farm: started, killed, frozen, and started again when it ended by itself."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_AGAIN = 1.0
"""Seconds before what ended by itself is started again."""
_PATIENCE = 40.0


@dataclass(slots=True)
class Part:
    """A process and its log. ``deaths`` are the exit codes of when nobody had asked it to end."""

    name: str
    command: list[str]
    log: Path
    more: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    deaths: list[int] = field(default_factory=list)
    starts: int = 0
    _down: bool = True
    _not_before: float = 0.0

    def start(self) -> None:
        """Start it, if it does not run."""
        self._down = False
        if self.process is None:
            self.starts += 1
            with self.log.open("ab") as out:
                self.process = subprocess.Popen(
                    self.command, env=os.environ | self.more, cwd=self.log.parent, stdin=subprocess.DEVNULL,
                    stdout=out, stderr=out, start_new_session=True,
                )  # fmt: skip

    def look(self) -> None:
        """What a supervisor does: start again what ended without being told to."""
        if self._down:
            return
        if self.process is not None and self.process.poll() is not None:
            self.deaths.append(self.process.returncode)
            self.process, self._not_before = None, time.monotonic() + _AGAIN
        if self.process is None and time.monotonic() >= self._not_before:
            self.start()

    def kill(self) -> None:
        """``kill -9``, and it stays down until started."""
        self._down = True
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def end(self, number: int = signal.SIGTERM) -> int | None:
        """Ask it to end; answers the exit code, or None where it had to be killed."""
        self._down = True
        if self.process is None:
            return 0
        self.thaw()
        self._send(number)
        try:
            return self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        finally:
            self.process = None

    def _send(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
