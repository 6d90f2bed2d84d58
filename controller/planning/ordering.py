"""Which ready job is next: a rank, kept with the job, so that the best one is the first of an index.

Within a batch the critical path rules: what has the longest way still to go below it comes first. Between batches
work is shared by virtual time (self-clocked fair queueing, Golestani 1994): a job's rank is where its batch began,
on its platform, and what the batch has had once the job is done, times what work costs it. A batch begins where the
queue stands when it is opened, so whoever comes later is behind what waits already, and nothing has to be ranked
anew while time passes: waiting is what brings a job to the front. Lanes are the high digits: an emergency is before
all, and what is done in the background after all.

What costs less is given more: a batch of priority high has four times what one of priority normal has. The batches
of one person share one share; and who had more than others of late, counted with a half-life, pays more for a while.
A batch that could not start anything for a while keeps its place meanwhile: it is not put behind those who came later.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from controller.domain.priorities import COSTS, LANES, Lane, Order, Priority

UNITS = 10
"""Of virtual time, to a second of work."""
_LANE = 2**48
"""The span of a lane. A thousand workers at sixteen times the usual cost need a decade to go through it."""
_MOST_CROWD = 64
_HALF_LIFE = timedelta(hours=4)
REMEMBERED = 4 * _HALF_LIFE
"""What was had longer ago counts nothing."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a batch has of the farm, and where it began."""

    priority: Priority
    """In force: a background batch that has waited for long enough counts as ``low``."""
    crowd: int = 1
    load: int = 1
    starts: Mapping[str, int] = field(default_factory=dict)
    """Platform to virtual time."""

    @property
    def lane(self) -> Lane:
        """The lane of its jobs."""
        return LANES[self.priority]

    @property
    def cost(self) -> int:
        """Virtual time for each unit of its work."""
        return COSTS[self.priority] * self.crowd * self.load

    def base(self, platform: str) -> int:
        """The rank that a job of no work would have."""
        return self.lane * _LANE + self.starts.get(platform, 0)

    def is_like(self, other: "Share") -> bool:
        """Whether both come to the same, wherever they began."""
        return replace(self, starts={}) == replace(other, starts={})


class Laid(NamedTuple):
    """A job of a batch, as its place is found."""

    key: str
    platform: str
    height: float
    seconds: float


class Used(NamedTuple):
    """A try that ended: whose it was, since when, and until when."""

    person: str
    began: datetime
    ended: datetime


def order(share: Share, platform: str, height: float, place: int, since: datetime | None) -> Order:
    """The rank of a job, with what it is made of."""
    lowest, beyond = lane_span(share.lane)
    # One that came late may stand before where its batch goes on; it stays in its lane.
    rank = min(max(share.base(platform) + place * share.cost, lowest), beyond - 1)
    return Order(
        rank=rank, priority=share.priority, lane=share.lane, height=height,
        place=place, crowd=share.crowd, load=share.load, since=since,
    )  # fmt: skip


def places(jobs: Sequence[Laid]) -> dict[str, int]:
    """Key to place: the work of its batch, on its platform, up to its own end, with the longest way to go first."""
    found: dict[str, int] = {}
    done: dict[str, int] = {}
    for job in sorted(jobs, key=lambda job: -job.height):
        done[job.platform] = found[job.key] = done.get(job.platform, 0) + max(round(job.seconds * UNITS), 1)
    return found


def inserted(known: Sequence[tuple[float, int]], height: float) -> int:
    """The place of one that comes later among (height, place) of its batch and platform: after all with more below."""
    ordered = sorted((-tall, place) for tall, place in known)
    before = bisect_right(ordered, -height, key=lambda pair: pair[0])
    return max((place for _, place in ordered[:before]), default=1)


def lane_span(lane: Lane) -> tuple[int, int]:
    """The lowest rank of a lane, and the lowest of the next."""
    return lane * _LANE, (lane + 1) * _LANE


def virtual_time(lane: Lane, lowest_ready: int | None, starts: Iterable[int]) -> int:
    """Where a lane of a platform stands: at what is next to start; where nothing is, at the last that was begun."""
    if lowest_ready is not None:
        return lowest_ready - lane * _LANE
    return max(starts, default=0)


def moved_on(share: Share, to: Share, firsts: Mapping[str, int], now: Mapping[str, int] | None = None) -> Share:
    """``to``, begun so that what is left of the batch goes on.

    ``firsts`` is the lowest place of what is left, by platform. Where the lane changes, or ``now`` is given, the batch
    goes on at the virtual time of ``now``; else where it stood, so that it neither gains nor loses by the change.
    """
    starts = {}
    for platform, first in firsts.items():
        stood = share.starts.get(platform, 0) + first * share.cost
        at = stood if now is None else now.get(platform, 0) + to.cost
        starts[platform] = at - first * to.cost
    return replace(to, starts={**share.starts, **starts})


def in_force(priority: Priority, opened: datetime, now: datetime, background: timedelta) -> Priority:
    """Work in the background yields, but not for ever."""
    old = priority is Priority.BACKGROUND and now - opened >= background
    return Priority.LOW if old else priority


def crowd(batches: int) -> int:
    """The next power of two, so that shares do not change with every batch that comes and goes."""
    return min(1 << (max(batches, 1) - 1).bit_length(), _MOST_CROWD)


def had_of_late(used: Iterable[Used], now: datetime) -> dict[str, float]:
    """Person to seconds of workers, of which each counts less the longer ago it was."""
    had: dict[str, float] = {}
    for person, began, ended in used:
        seconds = (ended - began).total_seconds() * 0.5 ** ((now - ended) / _HALF_LIFE)
        had[person] = had.get(person, 0.0) + seconds
    return had


def loads(had: Mapping[str, float], people: Iterable[str]) -> dict[str, int]:
    """Of people with work to do: how many times less each gets, for what they had of late beside the mean of them."""
    seconds = {person: had.get(person, 0.0) for person in people}
    mean = sum(seconds.values()) / max(len(seconds), 1)
    return {person: _load(some / mean if mean else 1.0) for person, some in seconds.items()}


def _load(times: float) -> int:
    return 1 if times < 1.5 else 2 if times < 3.0 else 4
