"""What every answer is made of."""

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A frozen answer. Fields are only ever added."""

    model_config = ConfigDict(frozen=True)


class ReasonShape(Shape):
    """A reason with the sentence people read."""

    rule: str
    about: str = ""
    spec: str = ""
    origin: str = ""
    path: tuple[str, ...] = ()
    sentence: str = ""
