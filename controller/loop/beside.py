"""What goes on beside the loop, in threads of its own that end with it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Act = Callable[[threading.Event], None]
"""Goes on until the event is set."""
Beside = Callable[[str, Act], AbstractContextManager[None]]

_PATIENCE = 5.0
"""Seconds that the end of the loop waits for what goes on beside it."""


@contextmanager
def in_a_thread(name: str, act: Act) -> Iterator[None]:
    """``act`` goes on while inside.

    What is under way at the end is kept whole or not at all, and done again by whoever leads then.
    """
    ended = threading.Event()
    thread = threading.Thread(target=act, args=(ended,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_PATIENCE)
