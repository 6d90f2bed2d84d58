"""Stands between a worker and one build on Linux and macOS, so that the build never outlives either.

Run as a script: ``python -I -S guard.py COMMAND...``. It starts the command, and ends it with all its descendants
when its own standard input closes: on purpose when the worker wants the build stopped, by itself when the worker
was killed. It ends what is left over when the command has ended, too. On Linux the guard is the subreaper of all that
the build starts, so a descendant that left its session and lost its parent is still found. Exits with the
command's code (128 + signal if a signal ended it), or 137 when it was told to stop.

Imports only a few modules of the standard library: it starts in some hundredths of a second beside every build.
"""

import os
import select
import signal
import sys
import time

STOPPED = 137
_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 10.0
"""Seconds for which killing goes on: a process in a kernel call cannot end before it returns."""


def main(command: list[str]) -> int:
    """Run the command; answers its exit code."""
    _become_subreaper()
    wake = _wake_on_child_end()
    child = _start(command)
    status = _wait(child, wake)
    end_descendants(os.getpid(), child)
    if status is None:
        return STOPPED
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _become_subreaper() -> None:
    """Only Linux has this; elsewhere a descendant that both left its group and lost its parent can get away."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wake_on_child_end() -> int:
    read, write = os.pipe()
    os.set_blocking(write, False)
    os.set_blocking(read, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return read


def _start(command: list[str]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)  # noqa: S606 -- this is what it is for
    finally:
        os._exit(127)


def _wait(child: int, wake: int) -> int | None:
    """The child's wait status, or None when the guard was told to stop."""
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready and any(number in _read(wake) for number in (signal.SIGTERM, signal.SIGINT)):
            return None
        ended = _reap()
        if child in ended:
            return ended[child]
        if 0 in ready and not os.read(0, 1024):
            return None


def _read(wake: int) -> bytes:
    try:
        return os.read(wake, 1024)
    except BlockingIOError:
        return b""


def _reap() -> dict[int, int]:
    """Wait statuses of all who have ended, so that no zombies gather during a long build."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if not pid:
            return ended
        ended[pid] = status


def end_descendants(root: int, group: int) -> bool:
    """Kill process group ``group`` and all descendants of ``root``; whether none is left."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        _signal_group(group)
        left = descendants(root)
        _reap()
        if not left:
            return True
        for pid in left:
            _signal(pid)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)


def _signal_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _signal(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def descendants(root: int) -> list[int]:
    """Living processes below ``root``; zombies do not count."""
    parents = _parents_from_proc() if sys.platform == "linux" else _parents_from_ps()
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    found, open_ = [], [root]
    while open_:
        below = children.get(open_.pop(), [])
        found += below
        open_ += below
    return found


def _parents_from_proc() -> dict[int, int]:
    parents = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 -- pathlib would triple the start-up time
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 -- the same
                    state, parent = file.read().rpartition(b")")[2].split()[:2]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if state != b"Z":
                parents[int(name)] = int(parent)
    return parents


def _parents_from_ps() -> dict[int, int]:
    import subprocess

    with subprocess.Popen(["ps", "-axo", "pid=,ppid=,stat="], stdout=subprocess.PIPE, text=True) as asked:
        text = asked.communicate()[0]
    rows = [row.split() for row in text.splitlines()]
    return {int(row[0]): int(row[1]) for row in rows if len(row) == 3 and row[2][0] != "Z" and int(row[0]) != asked.pid}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
