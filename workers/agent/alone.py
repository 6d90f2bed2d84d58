"""One worker of a name in a folder: two would remove each other's builds and spoil each other's cache."""

import sys
from pathlib import Path
from typing import IO


class TakenError(Exception):
    """Another process holds the lock."""


def hold(path: Path) -> IO[str]:
    """Take the lock at ``path`` until the answer is closed or the process ends, however it ends. Raises TakenError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")
    try:
        _lock(file)
    except OSError:
        file.close()
        raise TakenError(f"Another worker holds {path}. Give this one another --name or --work-dir.") from None
    return file


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
