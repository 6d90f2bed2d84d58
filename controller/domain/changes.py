"""Changes: what moved, recorded once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChangeKind(StrEnum):
    """How a change came to us."""

    PUSH = "push"
    REQUEST = "request"
    UPSTREAM = "upstream"


@dataclass(frozen=True, slots=True)
class Change:
    """A commit of a tree, a person's request, or what moved in other channels, for a tree as it was pushed last.

    ``key`` makes recording it twice the same as once.
    """

    id: str
    kind: ChangeKind
    tree: str
    commit: str
    summary: str
    author: str
    at: datetime
    moved: str = ""
    """What moved in other channels, as a digest; a tree may have to follow many times at one commit."""

    @property
    def key(self) -> str:
        """The same push delivered again has the same key."""
        return f"{self.kind}:{self.tree}:{self.moved or self.commit}"
