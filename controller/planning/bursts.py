"""A burst of pushes becomes one batch: until when it waits for more, and which pushes form one.

Only pushes that one commit holds together do, so that branches leave each other alone and no push is lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_TIMES = 5
"""A burst waits for at most so many windows, however long pushes go on coming."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A push that waits. ``number`` grows; ``seconds`` is the window that its tree asked for."""

    number: int
    commit: str
    at: datetime
    seconds: float


def opens_at(burst: Sequence[Waiting]) -> datetime:
    """When the batch of these pushes is opened: a window after the last, but never ``MOST_TIMES`` after the first."""
    last = max(burst, key=lambda push: push.number)
    begin = min(push.at for push in burst)
    return min(last.at + timedelta(seconds=last.seconds), begin + timedelta(seconds=MOST_TIMES * last.seconds))


def burst_of(push: Waiting, others: Sequence[Waiting], holds: Callable[[str, str], bool]) -> list[Waiting]:
    """The pushes that one batch with this push is for, the one whose commit holds all others first.

    ``holds`` says whether the first commit comes after the second.
    """
    newer = [other for other in others if other.number > push.number]
    head = next((other for other in reversed(newer) if holds(other.commit, push.commit)), push)
    if head is push:  # pushed last, yet an older commit than one that waits
        older = [other for other in others if other.number < push.number and not holds(push.commit, other.commit)]
        head = next((other for other in reversed(older) if holds(other.commit, push.commit)), push)
    rest = [other for other in (push, *others) if other.number != head.number]
    return [head, *(other for other in rest if holds(head.commit, other.commit))]
