"""The shapes of watched channels, and of what moved in them."""

from datetime import datetime

from controller.services.answers.shape import Shape


class WatchShape(Shape):
    """One subdir of a watched channel as it was last seen."""

    channel: str
    subdir: str
    packages: tuple[str, ...] = ()
    """Patterns of the only names that are watched; empty: all."""
    interval_seconds: float
    files: int = 0
    """How many the index lists."""
    followed: int = 0
    """How many of the packages in use here it has."""
    since: datetime | None = None
    """What moved is told from its state then; None: it was never read."""
    seen_at: datetime | None = None
    """When it answered last."""
    changed_at: datetime | None = None
    due_at: datetime | None = None
    error: str = ""
    failures: int = 0


class MoveShape(Shape):
    """A package that moved in a watched channel."""

    name: str
    subdir: str
    channel: str
    before: str = ""
    """Version and build; empty where the channel did not have it."""
    after: str
    tree: str = ""
    state: str = ""
    label: str = ""
    note: str = ""
    """Why nothing came of it, or not yet."""
    batch: str = ""
    seen_at: datetime


class UpstreamView(Shape):
    """Every watched channel, and what moved lately."""

    channels: tuple[WatchShape, ...] = ()
    moves: tuple[MoveShape, ...] = ()
