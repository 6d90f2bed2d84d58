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
_MEMORY, _SECONDS = 2 << 30, 60
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


def become_bare() -> None:
    """Give up this process's environment for good; for processes that do nothing but read recipes."""
    global _bare  # noqa: PLW0603 -- one process, one environment
    for name in set(os.environ) - _KEPT:
        del os.environ[name]
    _bare = True


def _become_small() -> None:
    become_bare()
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.alarm(_SECONDS)  # without a handler it ends the process, even where nothing of Python runs


def run_bare(function: Callable[..., T], *given: object) -> T:
    """The function's answer from a process without an environment: this one, if it has none. All must be picklable.

    Raises RecipeError if the process does not come back.
    """
    if _bare:
        return function(*given)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_become_small) as pool:
        try:
            return pool.submit(function, *given).result()
        except BrokenProcessPool as error:
            raise RecipeError(
                f"reading it took more than {_SECONDS} seconds or {_MEMORY >> 30} GiB, or brought its process down.",
                remedy="Simplify what its context puts together.",
            ) from error
