"""Changes: what moved, recorded once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChangeKind(StrEnum):
    """How a change came to us."""

    PUSH = "push"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Change:
    """A commit of a tree, or a person's request. ``key`` makes recording it twice the same as once."""

    id: str
    kind: ChangeKind
    tree: str
    commit: str
    summary: str
    author: str
    at: datetime

    @property
    def key(self) -> str:
        """The same push delivered again has the same key."""
        return f"{self.kind}:{self.tree}:{self.commit}"
