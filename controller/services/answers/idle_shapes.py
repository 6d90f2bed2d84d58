"""The shape of a pool in which nothing starts."""

from datetime import datetime

from controller.services.answers.shape import Shape


class IdleShape(Shape):
    """A pool that does nothing though there is work. An empty pool: the whole farm."""

    pool: str
    cause: str
    sentence: str
    remedy: str
    ready: int = 0
    since: datetime | None = None
