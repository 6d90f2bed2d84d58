"""Forecasts: how long a plan will take, as a range with what it rests on; and why a plan waits for a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from controller.domain.jobs import JobKind


class Basis(StrEnum):
    """What an expected duration rests on, best first."""

    OWN = "own"
    """Passed tries of this very job: kind, recipe, package and subdir."""
    RECIPE = "recipe"
    """Other packages or subdirs of its recipe."""
    KIND = "kind"
    """All jobs of its kind."""
    NOTHING = "nothing"
    """A guess: nothing of its kind was ever measured."""


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds as a range: ``lower <= middle <= upper``."""

    lower: float = 0.0
    middle: float = 0.0
    upper: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One job of the critical path, with its expected seconds. ``key`` is a plan's key or a job's id."""

    key: str
    kind: JobKind
    name: str
    subdir: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Competing:
    """Open jobs of another batch in the same pools."""

    batch: str
    jobs: int
    before: int
    """How many of them are expected to start before the last job of the forecast does."""
    seconds: float
    """Expected worker-seconds of all of them."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is still to be done, and how long that takes. Nothing to do is zero."""

    jobs: Mapping[JobKind, int] = field(default_factory=dict)
    work: Mapping[str, float] = field(default_factory=dict)
    """Subdir to expected worker-seconds."""
    critical: tuple[Step, ...] = ()
    """The chain of jobs that no number of workers shortens, first first."""
    critical_seconds: float = 0.0
    ends: Span = Span()
    """Seconds from now to the end of the last job."""
    basis: Mapping[Basis, int] = field(default_factory=dict)
    """How many jobs rest on what."""
    workers: Mapping[str, int] = field(default_factory=dict)
    """Pool to the workers counted on; of a worker that serves several pools each has it."""
    assumed: tuple[str, ...] = ()
    """Pools that nobody serves now; one worker is assumed for each."""
    competing: tuple[Competing, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """Why a plan waits for a person: more jobs than ``most``.

    ``usual`` is the size that nine in ten of the tree's last ``batches`` kept to; both are 0 where the fixed limit
    of the farm is what was passed.
    """

    jobs: int
    most: int
    usual: int = 0
    batches: int = 0
