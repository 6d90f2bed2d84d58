"""The readings of the last pushes in memory, by their keys, so that the next push decodes only what is new."""

from collections.abc import Iterable, Mapping
from datetime import date
from threading import Lock

from controller.domain.recipes import RecipeReading


class RecentReadings:
    """At most ``limit`` of them; those that were not asked for the longest go first. For many threads."""

    def __init__(self, limit: int = 60_000) -> None:
        self._limit = limit
        self._known: dict[str, RecipeReading] = {}
        self._used_on: dict[str, date] = {}
        self._lock = Lock()

    def having(self, keys: Iterable[str]) -> dict[str, RecipeReading]:
        """Those of the keys that are known."""
        with self._lock:
            found = {key: self._known.pop(key) for key in keys if key in self._known}
            self._known |= found
        return found

    def keep(self, readings: Mapping[str, RecipeReading]) -> None:
        """Remember these too."""
        with self._lock:
            self._known |= readings
            for key in list(self._known)[: max(0, len(self._known) - self._limit)]:
                del self._known[key]

    def is_first_use(self, tree: str, today: date) -> bool:
        """Whether nobody asked so for the tree on this day; what is known here is not asked of a database again."""
        with self._lock:
            before = self._used_on.get(tree)
            self._used_on[tree] = today
        return before != today
