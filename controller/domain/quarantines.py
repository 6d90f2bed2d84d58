"""Quarantine: tests that are known to come and go, each with an author, a reason and an end.

While it lasts, that such a test fails breaks no job; it is said wherever the job is shown.
"""

from dataclasses import dataclass
from datetime import datetime

FARM = "farm"
"""The author of what the farm did by itself."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """One entry. An empty ``subdir`` means all; an empty ``case`` the test as a whole, where it tells no cases."""

    name: str
    """The package."""
    subdir: str
    case: str
    author: str
    reason: str
    since: datetime
    until: datetime
    clean: int = 0
    """Runs in a row in which it did not fail."""

    def covers(self, case: str) -> bool:
        """Whether it speaks of this case; of a test as a whole where that is empty."""
        return self.case == case
