"""What really happened, as only the simulation knows it: what the farm says is held against this."""

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum

from workers.contract.reports import Outcome


class Beat(StrEnum):
    """What came of a heartbeat."""

    HEARD = "heard"
    MESSAGE_LOST = "message lost"
    UNHEARD = "unheard"
    """The controllers' side failed."""
    OWN = "own"
    """The worker was frozen, or cut off."""


@dataclass
class Truth:
    """Kept apart from the farm."""

    tested: dict[str, set[Outcome]] = field(default_factory=lambda: defaultdict(set))
    """Digest of a file to what its tests came to, each time they were run."""
    before: dict[str, set[Outcome]] = field(default_factory=lambda: defaultdict(set))
    """Package to what its tests came to without the change."""
    made: dict[str, str] = field(default_factory=dict)
    """Digest of a file to the attempt that made it first."""
    receipts: dict[str, Outcome] = field(default_factory=dict)
    """Attempt to what its worker was given a receipt for."""
    pushed: set[str] = field(default_factory=set)
    """Commits whose push was answered."""
    opened: dict[str, str] = field(default_factory=dict)
    """Commit to the batch that a person was told."""
    beats: dict[str, list[tuple[float, Beat]]] = field(default_factory=lambda: defaultdict(list))
    """Attempt to when its worker began a beat, and what came of it."""
    poisoned: set[str] = field(default_factory=set)
    """Jobs that truly kill their workers."""
