"""Questions that anybody may ask, though each takes a whole tree: one at a time, and each worked out once.

They are answered in a thread of their own, so that no request waits behind one that never asked. Whoever asks waits
a while and is then sent away to come again; the answer is kept for them. When too many wait, others are sent away at
once.
"""

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookLongError
from threading import Lock
from typing import Any, TypeVar, cast

from controller.domain.errors import BusyError

A = TypeVar("A")
_MOST_KEPT, _MOST_OPEN, _MOST_WAITING = 4, 3, 6
PATIENCE = 20.0
"""Seconds that somebody waits for an answer."""


class Enquiries:
    """The last answers, and those under way. For many threads."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="enquiry")
        self._known: dict[Hashable, Future[Any]] = {}
        self._waiting = 0
        self._lock = Lock()

    def answer(self, question: Hashable, work: Callable[[], A]) -> A:
        """What ``work`` answers, or answered to the same question before. Raises BusyError, and what it raises."""
        with self._lock:
            future = self._known.pop(question, None) or self._begin(work)
            self._known[question] = future  # the one that was asked last is forgotten last
            self._forget()
            if not future.done() and self._waiting >= _MOST_WAITING:
                raise BusyError("Too many wait for an answer just now.", remedy="Ask again in a minute.")
            self._waiting += 1
        try:
            return cast("A", future.result(timeout=self._patience))
        except TookLongError:
            raise BusyError("It is still being worked out.", remedy="Ask the same again in a moment.") from None
        finally:
            self._leave(question, future)

    def close(self) -> None:
        """Begin nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _begin(self, work: Callable[[], A]) -> Future[A]:
        if sum(not future.done() for future in self._known.values()) >= _MOST_OPEN:
            raise BusyError("Other questions are being worked on.", remedy="Ask again in a minute.")
        return self._thread.submit(work)

    def _forget(self) -> None:
        done = [question for question, future in self._known.items() if future.done()]
        for question in done[: max(0, len(self._known) - _MOST_KEPT)]:
            del self._known[question]

    def _leave(self, question: Hashable, future: Future[Any]) -> None:
        """An answer is kept, and a fault is not: asking again tries again."""
        with self._lock:
            self._waiting -= 1
            if future.done() and (future.cancelled() or future.exception()) and self._known.get(question) is future:
                del self._known[question]
