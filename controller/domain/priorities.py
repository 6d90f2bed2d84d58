"""How urgent a batch is, as people say it, and what that comes to in the queue: a lane, and what work costs in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType


class Priority(StrEnum):
    """What a person says of a batch."""

    EMERGENCY = "emergency"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    BACKGROUND = "background"


class Lane(IntEnum):
    """A part of the queue. No job of a later lane starts while one of an earlier could, on the same worker."""

    EMERGENCY = 0
    ORDINARY = 1
    BACKGROUND = 2


LANES: Mapping[Priority, Lane] = MappingProxyType(
    {
        Priority.EMERGENCY: Lane.EMERGENCY,
        Priority.HIGH: Lane.ORDINARY,
        Priority.NORMAL: Lane.ORDINARY,
        Priority.LOW: Lane.ORDINARY,
        Priority.BACKGROUND: Lane.BACKGROUND,
    }
)
COSTS: Mapping[Priority, int] = MappingProxyType(
    {
        Priority.EMERGENCY: 4,
        Priority.HIGH: 1,
        Priority.NORMAL: 4,
        Priority.LOW: 16,
        Priority.BACKGROUND: 4,
    }
)
"""What a tenth of a second of work is counted as: of two batches in a lane the one with half the cost is given twice
the work."""


@dataclass(frozen=True, slots=True)
class Bump:
    """A person gave a batch another priority."""

    to: Priority
    before: Priority
    who: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """Where a job stands in the queue, and everything that put it there. Of two the lower ``rank`` starts first."""

    rank: int
    priority: Priority
    lane: Lane
    height: float
    """Seconds of the longest chain that starts with it, as far as is known."""
    place: int
    """Tenths of seconds of its batch's work, on its platform, that stand before its end."""
    crowd: int
    """Batches of its person that share one share; the next power of two."""
    load: int
    """How many times less its person gets, for what that person had of late: 1, 2 or 4."""
    since: datetime | None
    """When it could start first."""

    @property
    def divisor(self) -> int:
        """The batch has one part in so many of a share."""
        return self.crowd * self.load
