"""What a job asks of a worker, and what a worker offers. Sizes in bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Needs:
    """What a job asks for beyond its pool."""

    labels: tuple[str, ...] = ()
    """Each must be among the worker's; in order."""
    cores: int = 0
    memory_bytes: int = 0
    disk_bytes: int = 0
    gpus: int = 0
    virtual: tuple[str, ...] = ()
    """Match specs of virtual packages, as ``__cuda >=12``; in order."""

    def __or__(self, other: "Needs") -> "Needs":
        """What asks for all that either asks for."""
        return Needs(
            tuple(sorted({*self.labels, *other.labels})), max(self.cores, other.cores),
            max(self.memory_bytes, other.memory_bytes), max(self.disk_bytes, other.disk_bytes),
            max(self.gpus, other.gpus), tuple(sorted({*self.virtual, *other.virtual})),
        )  # fmt: skip


NO_NEEDS = Needs()


@dataclass(frozen=True, slots=True)
class NeedsRule:
    """What jobs of these packages ask for. Patterns are of package names; no subdirs mean all, no kinds all."""

    packages: tuple[str, ...]
    needs: Needs
    subdirs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """``build``, ``test``, ``retest``."""

    def speaks_of(self, name: str, subdir: str, kind: str) -> bool:
        """Whether it is about this job."""
        here = (not self.subdirs or subdir in self.subdirs) and (not self.kinds or kind in self.kinds)
        return here and any(fnmatchcase(name, pattern) for pattern in self.packages)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a worker's machine has. 0 is little, or unknown."""

    labels: frozenset[str] = frozenset()
    cores: int = 0
    memory_bytes: int = 0
    disk_bytes: int = 0
    gpus: int = 0
    virtual: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Name of each virtual package to its version and build."""


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that is asked for and not offered. ``what`` is ``label``, ``memory``, ...; ``offered`` may be empty."""

    what: str
    asked: str
    offered: str = ""
