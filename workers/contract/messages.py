"""The base of every message: frozen, and tolerant of fields a newer peer has added."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


Words = Annotated[str, AfterValidator(_storable)]
"""Text that a package's own programs may have written: what no database takes in shows as U+FFFD, or as ``?``."""


class Message(BaseModel):
    """A value that crosses the wire. Unknown fields are ignored, so that N and N-1 understand each other."""

    model_config = ConfigDict(frozen=True, extra="ignore")
