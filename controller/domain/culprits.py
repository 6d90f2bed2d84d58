"""Suspects: changes that can have broken a job."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suspect:
    """One change."""

    name: str
    """The package that changed, or that moved in another channel."""
    steps: int
    """How many packages lie between it and the job; 0 for the job's own."""
    detail: str = ""
    """What changed of it."""
