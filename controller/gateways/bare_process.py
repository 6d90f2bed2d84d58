"""A process without an environment, with little memory and time: for recipes that the builder's renderer may choke on.

The renderer reads the environment of the process it runs in, which here holds the controller's secrets; and it bounds
no text: forty lines of a ``context`` that each double the one before end the process that renders them.
"""

import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from controller.domain.errors import RecipeError

T = TypeVar("T")
_ASKS = re.compile(r"\benv\b")
_CONTEXT = re.compile(r"^[ \t]+\S.*\$\{\{.*$", re.MULTILINE)
"""Lines with an expression; those outside of ``context`` count too, which does no harm."""
_REPLACE = re.compile(r"replace\(\s*(?:\"[^\"]*\"|'[^']*'|\w+)\s*,\s*(?:\w|['\"][^'\"]{5})")
_LARGEST = 1 << 26
_MEMORY = 2 << 30
SECONDS = 60
"""The longest that one recipe may take."""
_KEPT = frozenset({"PATH", "HOME", "TMPDIR", "TMP", "TEMP", "LANG", "SYSTEMROOT", "RATTLER_CACHE_DIR"})
"""What a process needs to run at all, and no secret of anybody's."""
_bare = False


def needs_bare(text: str) -> bool:
    """Whether a recipe of the new format is better rendered in a process of its own."""
    return asks_environment(text) or _may_grow(text)


def _may_grow(text: str) -> bool:
    """Whether its ``context`` could make more text than a recipe needs, if each line put together all before it."""
    grown = len(text)
    for line in _CONTEXT.findall(text):
        grown *= max(1, line.count("${{") + line.count("~") + line.count("+") + 8 * len(_REPLACE.findall(line)))
        if grown > _LARGEST:
            return True
    return False


def asks_environment(text: str) -> bool:
    """Whether a recipe may look into the environment: it has the word ``env`` anywhere."""
    return _ASKS.search(text) is not None


class ReaderLostError(RecipeError):
    """The process that read a recipe did not come back; the machine may have been short of memory."""

    def __init__(self) -> None:
        super().__init__(
            f"reading it took more than {SECONDS} seconds or {_MEMORY >> 30} GiB, or brought the reading process down.",
            remedy="Simplify the recipe or its pins; push again if the machine was short of memory.",
        )


def become_bare() -> None:
    """Give up this process's environment and most of its memory for good; for those that do nothing but read recipes.

    A recipe that breaks a bound takes the process with it.
    """
    global _bare  # noqa: PLW0603 -- one process, one environment
    _bare = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    for name in set(os.environ) - _KEPT:
        del os.environ[name]
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def wind(seconds: int) -> None:
    """End this process after so many seconds, if it is a bare one; 0 for never.

    The alarm has no handler: it ends the process even where nothing of Python runs.
    """
    if _bare and sys.platform != "win32":
        signal.alarm(seconds)


def run_bare(function: Callable[..., T], *given: object) -> T:
    """The function's answer from a bare process: this one, if it is one. All must be picklable.

    Raises ReaderLostError if the process does not come back.
    """
    if _bare:
        return function(*given)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=become_bare) as pool:
        try:
            return pool.submit(_timed, function, *given).result()
        except BrokenProcessPool as error:
            raise ReaderLostError from error


def _timed(function: Callable[..., T], *given: object) -> T:
    wind(SECONDS)
    return function(*given)
