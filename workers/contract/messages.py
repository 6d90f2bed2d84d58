"""The base of every message: frozen, and tolerant of fields a newer peer has added."""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A value that crosses the wire. Unknown fields are ignored, so that N and N-1 understand each other."""

    model_config = ConfigDict(frozen=True, extra="ignore")
