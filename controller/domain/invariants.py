"""What must hold of a farm at every moment, whatever goes wrong; and what was found not to hold."""

from dataclasses import dataclass
from enum import StrEnum


class Invariant(StrEnum):
    """A promise that can be asked of the database and the store."""

    KEPT = "kept"
    """I1: nothing that was verified is lost."""
    ONCE = "once"
    """I2: nothing is published twice."""
    TESTED = "tested"
    """I3: nothing is published untested."""
    ENDS = "ends"
    """I4: every job comes to an end."""
    ONE_EFFECT = "one effect"
    """I5: at most one attempt of a job has an effect."""
    INDEXED = "indexed"
    """I6: an index lists complete files, under their right digests."""
    WHOLE = "whole"
    """I7: a batch is promoted whole or not at all."""
    TOLD = "told"
    """I8: the events tell what is."""
    GOES_ON = "goes on"
    """I9: what can go on does, without a person."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that does not hold, of what, and how it shows."""

    invariant: Invariant
    subject: str
    fact: str
