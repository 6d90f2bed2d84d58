"""What plans are made on, kept from plan to plan: the artifacts of testing, and for each tree the index over them.

Both follow what changed since. All of it can be lost at any moment: it is made again from the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from controller.domain.artifacts import Artifact
from controller.domain.channels import TESTING
from controller.domain.recipes import Output
from controller.planning.index import Index
from controller.planning.indexing import updated
from controller.storage import artifacts, channels
from controller.storage.database import Session

_MOST = 8
"""Indexes that are kept; the one that was not asked for the longest goes first."""


@dataclass(slots=True)
class Kept:
    """The last state of testing that was seen, and the last index of each tree. For many threads."""

    _number: int = 0
    _held: dict[int, Artifact] = field(default_factory=dict)
    _indexes: dict[str, Index] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def base(self, session: Session) -> tuple[int, Sequence[Artifact]]:
        """The number of testing's current snapshot, and all that it holds; files seen before are the same objects."""
        with self._lock:
            current = channels.current_of(session, TESTING)
            if current < self._number:  # another database than before
                self._number, self._held = 0, {}
            if current > self._number:
                removed, added = channels.moves_between(session, TESTING, self._number, current)
                held = {number: artifact for number, artifact in self._held.items() if number not in removed}
                held |= {row.id or 0: row.value() for row in artifacts.by_ids(session, added)}
                self._number, self._held = current, held
            return self._number, tuple(self._held.values())

    def index(self, tree: str, outputs: Sequence[Output], base: Sequence[Artifact]) -> Index:
        """The index of a tree's outputs over ``base``."""
        before = self._indexes.get(tree, Index())
        index = updated(before, outputs, base)
        with self._lock:
            self._indexes.pop(tree, None)
            self._indexes[tree] = index
            for oldest in list(self._indexes)[:-_MOST]:
                del self._indexes[oldest]
        return index

    def beside(self, tree: str, outputs: Sequence[Output], base: Sequence[Artifact]) -> Index:
        """The index of what is only supposed, made from that of the tree where one is kept; it is not kept itself."""
        return updated(self._indexes.get(tree, Index()), outputs, base)
