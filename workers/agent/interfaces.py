"""Having a package's programs and libraries read by a child that may die over any of them."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workers.agent.process import Bounds
from workers.checks.interfaces import write_answer

BOUNDS = Bounds(total_seconds=600.0, silence_seconds=600.0)
_DEATHS = 5
"""A package that takes more readers down than this is left unread."""


def read(child: Callable[[dict[str, Any]], str], folder: Path, package: Path, stop: threading.Event) -> Path:
    """The gzipped answer about ``package``; there always is one, as far as it could be read.

    ``child`` reads as it is told and answers why it ended badly. What it was at then is told as unreadable.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    answer, now = folder / "answer.json.gz", folder / "now"
    skip: dict[str, str] = {}
    given: dict[str, Any] = {"package": str(package), "folder": str(folder / "files"), "answer": str(answer)}
    while len(skip) < _DEATHS and not stop.is_set():
        why = child(given | {"now": str(now), "skip": skip})
        if not why:
            return answer
        at = now.read_text(encoding="utf-8") if now.exists() else ""
        skip[at] = why
        if not at:
            break
    write_answer(answer, [], [{"path": at, "why": why} for at, why in skip.items()])
    return answer
