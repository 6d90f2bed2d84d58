"""One child process and all that it starts, on each system: started, read, ended whole."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from workers.agent import guard

_PATIENCE = 15.0
"""Seconds that a guard is given to end everything; it takes some milliseconds unless a process hangs in the kernel."""


class ProcessTree:
    """A started command. Its standard output and error come as one stream of bytes from ``output``."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self._process = _start(command, environment, folder)
        self._job = _job_around(self._process)

    @property
    def pid(self) -> int:
        """The process above all others of it."""
        return self._process.pid

    @property
    def output(self) -> IO[bytes]:
        """What the command and all below it print."""
        assert self._process.stdout is not None  # noqa: S101 -- always piped
        return self._process.stdout

    def end(self) -> None:
        """End the command and all that it started, at once. Doing it again does nothing."""
        if self._job is not None:
            self._job.end()
        elif self._process.stdin is not None:
            self._process.stdin.close()  # the guard's sign
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._end_by_force()

    def wait(self, seconds: float) -> int | None:
        """The command's exit code, or None if it goes on after ``seconds``."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """End what is left, and give everything back."""
        self.end()
        if self._job is not None:
            self._job.close()
        self.output.close()

    def _end_by_force(self) -> None:
        if sys.platform != "win32":
            guard.end_descendants(self._process.pid, self._process.pid)
        self._process.kill()
        self._process.wait()


def _start(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
    if sys.platform == "win32":
        return subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
        )  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__, *command], env=environment, cwd=folder, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


if sys.platform == "win32":
    from workers.agent.windows_job import Job, is_running

    def _job_around(process: subprocess.Popen[bytes]) -> Job | None:
        return Job(int(process._handle))  # noqa: SLF001 -- the only way to a handle with full rights

    def is_alive(pid: int) -> bool:
        """Whether a process is there."""
        return is_running(pid)

else:

    class Job:
        """Windows only."""

        def end(self) -> None:
            """Nothing to end."""

        def close(self) -> None:
            """Nothing to give back."""

    def _job_around(_process: subprocess.Popen[bytes]) -> Job | None:
        return None

    def is_alive(pid: int) -> bool:
        """Whether a process is there."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
