"""What every answer is made of."""

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A frozen answer. Fields are only ever added."""

    model_config = ConfigDict(frozen=True)


class ReasonShape(Shape):
    """A reason with the sentence people read."""

    rule: str
    title: str = ""
    """What the rule is about."""
    about: str = ""
    spec: str = ""
    origin: str = ""
    source: str = ""
    """Where the spec came from, in words."""
    path: tuple[str, ...] = ()
    sentence: str = ""


class NoticeShape(Shape):
    """What a plan says beside its members. Which fields are filled is the kind's."""

    kind: str
    about: str
    """The pin, or the migration's file."""
    file: str = ""
    """Where a person would write."""
    line: int | None = None
    values: tuple[str, ...] = ()
    beside: str = ""
    now: str = ""
    proposed: str = ""
    """The value that a person would write."""
    keys: tuple[str, ...] = ()
    """Pins of a migration."""
    users: tuple[str, ...] = ()
    """Packages that are kept on the old one."""
    sentence: str = ""
