"""Channels: numbered immutable snapshots behind one pointer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

TESTING = "testing"
STABLE = "stable"


def staging(batch: str) -> str:
    """The name of a batch's own channel."""
    return f"staging/{batch}"


def is_staging(channel: str) -> bool:
    """Whether it is a batch's own channel."""
    return channel.startswith(staging(""))


class Act(StrEnum):
    """Why a channel's pointer moved."""

    PUBLISH = "publish"
    PROMOTE = "promote"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a channel. ``index`` maps ``subdir/file`` of each index file to the digest of its bytes."""

    channel: str
    number: int
    at: datetime
    files: int
    index: dict[str, str]


@dataclass(frozen=True, slots=True)
class Move:
    """A dry or real move of a channel: which ``subdir/file name`` come and go."""

    channel: str
    act: Act
    base: int
    added: tuple[str, ...]
    removed: tuple[str, ...] = ()
