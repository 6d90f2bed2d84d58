"""The shape of who leads the loop."""

from datetime import datetime

from controller.services.answers.shape import Shape


class LeaderShape(Shape):
    """Who leads the loop, or led last; by the database's clock. An epoch of 0: nobody ever did."""

    sentence: str
    leads: bool = False
    holder: str = ""
    epoch: int = 0
    since: datetime | None = None
    until: datetime | None = None
    """When its lease ends, or ended."""
    ticked_seconds: float = 0.0
    """How long ago it last began to look at everything, as far as it told."""
