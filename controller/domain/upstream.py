"""Channels outside of the farm that are watched, and what is known of their index files."""

import re
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

_SECRET = re.compile(r"(?<=://)[^/@]+@|(?<=/t/)[^/]+(?=/)")
"""User and password, or the token of an anaconda server."""


@dataclass(frozen=True, slots=True)
class WatchedChannel:
    """A channel to watch. Of two that have a package the first in the settings is where it comes from."""

    channel: str
    """URL, folder, or name of a channel of anaconda.org."""
    subdirs: tuple[str, ...] = ()
    """Empty: those of the farm, and noarch."""
    packages: tuple[str, ...] = ()
    """Patterns of the only package names to watch; empty: of all."""
    interval_seconds: float = 900.0

    def watches(self, name: str) -> bool:
        """Whether this package is looked at."""
        return not self.packages or any(fnmatchcase(name, pattern) for pattern in self.packages)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of an index file from the next; empty where nothing was ever read."""

    file: str = ""
    """The form that was read: ``repodata.json.zst`` or ``repodata.json``."""
    etag: str = ""
    """As the server said; of a file in a folder its time and size."""
    modified: str = ""
    digest: str = ""
    """SHA-256 of the file as it came."""


NOTHING_SEEN = Stamp()


class MoveState(StrEnum):
    """What became of a move that was seen."""

    PENDING = "pending"
    """Not looked at yet, put off, or ignored for now."""
    BATCH = "batch"
    NOTHING = "nothing"
    """It forces nothing."""


def without_secret(channel: str) -> str:
    """The address of a channel as anybody may see it."""
    return _SECRET.sub(lambda found: "***@" if found[0].endswith("@") else "***", channel)
