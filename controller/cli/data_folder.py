"""The data folder: one controller at a time, and a note for the command line on where it answers."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from controller.domain.errors import DataFolderError

NOTE = "server.json"


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Hold the data folder while inside; the system lets go of it when this process ends, however it ends.

    Raises DataFolderError, naming the process that holds it.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        file = (data / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise DataFolderError(
            f"The data folder {data} cannot be written: {error}.", remedy="Name another with --data."
        ) from error
    with file:
        _take(file, data)
        _sign(file, data)
        yield


def _sign(file: IO[str], data: Path) -> None:
    try:
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
    except OSError as error:
        remedy = "Is its disk full? Make room, or name another with --data."
        raise DataFolderError(f"The data folder {data} cannot be written: {error}.", remedy=remedy) from error


def _take(file: IO[str], data: Path) -> None:
    try:
        _lock(file)
    except OSError:
        file.seek(0)
        raise DataFolderError(
            f"The data folder {data} is in use by process {file.read().strip() or 'unknown'}.",
            remedy="Stop that farm first, or name another folder with --data.",
        ) from None
    file.seek(0)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        file.seek(1 << 20)  # beyond the text, so that others can still read it
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def leave_note(data: Path, url: str) -> None:
    """Write where the controller answers, so that commands beside it need no flags."""
    part = data / f"{NOTE}.part"
    part.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    part.replace(data / NOTE)


def forget_note(data: Path) -> None:
    """Nobody answers here any more."""
    (data / NOTE).unlink(missing_ok=True)


def read_note(data: Path) -> str | None:
    """Where the controller of this data folder answers, if it left a note."""
    try:
        return str(json.loads((data / NOTE).read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
