"""A process without an environment: what the builder's renderer may look into when a recipe says ``env.get``.

The renderer reads the environment of the process it runs in, which here holds the controller's secrets.
"""

import multiprocessing
import os
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

T = TypeVar("T")
_ASKS = re.compile(r"\benv\b")
_KEPT = frozenset({"PATH", "HOME", "TMPDIR", "TMP", "TEMP", "LANG", "SYSTEMROOT", "RATTLER_CACHE_DIR"})
"""What a process needs to run at all, and no secret of anybody's."""
_bare = False


def asks_environment(text: str) -> bool:
    """Whether a recipe may look into the environment: it has the word ``env`` anywhere."""
    return _ASKS.search(text) is not None


def become_bare() -> None:
    """Give up this process's environment for good; for processes that do nothing but read recipes."""
    global _bare  # noqa: PLW0603 -- one process, one environment
    for name in set(os.environ) - _KEPT:
        del os.environ[name]
    _bare = True


def run_bare(function: Callable[..., T], *given: object) -> T:
    """The function's answer from a process without an environment: this one, if it has none. All must be picklable."""
    if _bare:
        return function(*given)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=become_bare) as pool:
        return pool.submit(function, *given).result()
