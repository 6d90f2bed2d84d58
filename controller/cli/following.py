"""Following a log while it grows."""

import time
from collections.abc import Callable, Iterator

from controller.cli.client import Client
from controller.domain.errors import NotFoundError
from controller.services.answers.shapes import LogLines

_EVERY = 0.5
_WILL_RUN = frozenset({"waiting", "ready", "running"})
Pause = Callable[[float], None]


def follow(client: Client, job: str, attempt: int | None = None, pause: Pause = time.sleep) -> Iterator[str]:
    """Pieces of text as they come, line ends included, until the log has ended.

    A job that has not begun is waited for. The last line may grow between two looks: only what is new of it comes.
    Raises NotFoundError for a job that does not exist, or never ran and never will.
    """
    first, shown = 1, ""
    while True:
        part = _look(client, job, attempt, first)
        if part is not None:
            attempt = attempt or int(part.attempt.rsplit(".", 1)[1])  # a later attempt is another log
            if part.lines:
                yield _news(part.lines, shown, at_start=first == 1 and not shown)
                first, shown = first + len(part.lines) - 1, part.lines[-1]
            if part.ended and first >= part.total:
                yield "\n" if part.total else ""
                return
        pause(_EVERY)


def _news(lines: tuple[str, ...], shown: str, *, at_start: bool) -> str:
    grown = lines[0][len(shown) :] if lines[0].startswith(shown) or at_start else f"\n{lines[0]}"
    return "\n".join((grown, *lines[1:]))


def _look(client: Client, job: str, attempt: int | None, first: int) -> LogLines | None:
    try:
        return client.log(job, attempt, first)
    except NotFoundError:
        if attempt is not None or client.job(job).state not in _WILL_RUN:
            raise
        return None
