"""Pauses: what people keep from starting for a while, each with its author, its reason and its end."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PauseKind(StrEnum):
    """What is paused."""

    BATCH = "batch"
    RECIPE = "recipe"
    """Its jobs in all batches."""
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause. What runs when it begins goes on to its end."""

    kind: PauseKind
    name: str
    """``B-7``, a recipe or a pool."""
    author: str
    reason: str
    since: datetime
    until: datetime | None = None
    """None: until a person resumes it."""
