"""What a file that was built differs in from the one whose place it takes, and how a plan changed for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.domain.plans import Reason


@dataclass(frozen=True, slots=True)
class SymbolChange:
    """One library that both have, and the symbols that only one of them has. ``removed`` names the first few."""

    library: str
    removed: tuple[str, ...] = ()
    removed_count: int = 0
    added_count: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """A built file beside the one before. ``file`` and ``before`` are ``subdir/file name``."""

    file: str
    before: str = ""
    """Empty for a package that was not there before."""
    unchanged: bool = False
    """It installs the same, gives the same to others and asks for the same, its own build number apart."""
    pins: tuple[str, ...] = ()
    """Packages whose very build it names; it is as unchanged as they are."""
    exports_gone: tuple[str, ...] = ()
    """``weak: lib >=1,<2``: what only the old one gives to those that are built with it."""
    exports_come: tuple[str, ...] = ()
    unpredicted: tuple[str, ...] = ()
    """What it exports, where its recipe promised something else."""
    libraries_gone: tuple[str, ...] = ()
    libraries_come: tuple[str, ...] = ()
    symbols: tuple[SymbolChange, ...] = ()
    unreadable: tuple[str, ...] = ()
    """``path: why`` of programs and libraries that could not be read."""
    unknown: str = ""
    """Why the libraries could not be compared, where there are any."""

    @property
    def breaks(self) -> bool:
        """Whether something that others may use is gone."""
        return bool(self.libraries_gone) or any(change.removed_count for change in self.symbols)

    @property
    def is_surprising(self) -> bool:
        """Whether the plan was made on something else, and must be decided again."""
        return self.unchanged or self.breaks or bool(self.unpredicted)


class Turn(StrEnum):
    """How a plan changed when it was decided again."""

    ADDED = "added"
    DROPPED = "dropped"
    ESCALATED = "escalated"
    """From a retest, or from nothing, to a rebuild, for what showed in a file or in a test."""
    STOPPED = "stopped"
    """Here the cascade ends, since what was built is the same as before."""


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One thing that is otherwise than predicted. ``job`` is the id of the job that came or went, if one did."""

    turn: Turn
    kind: str
    """``build`` or ``retest``: what is done, or is not done after all."""
    name: str
    subdir: str
    reason: Reason
    job: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """One new decision, and all that it changed. ``number`` counts from 1 within the batch."""

    number: int
    at: datetime
    changes: tuple[PlanChange, ...] = ()
    failed: str = ""
    """Why the plan could not be decided again; then it goes on as it was."""
