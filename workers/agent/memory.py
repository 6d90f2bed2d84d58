"""How much memory a process and all below it hold at most: looked at about once a second, on Linux."""

import os
import sys
import threading
from pathlib import Path

from workers.agent import guard

_EVERY = 1.0


class PeakWatch:
    """Looks in a thread of its own until it is ended. What is shared between processes counts for each of them."""

    def __init__(self, pid: int, every: float = _EVERY) -> None:
        self._pid, self._every = pid, every
        self._most = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory", daemon=True)
        if sys.platform == "linux":
            self._thread.start()

    def end(self) -> int:
        """The most that was seen, in bytes; 0 where nobody looked."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        return self._most

    def _look(self) -> None:
        while not self._ended.wait(self._every):
            self._most = max(self._most, sum(map(resident, guard.descendants(self._pid))))


def resident(pid: int) -> int:
    """Bytes of real memory that a process holds; 0 for one that is gone."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
