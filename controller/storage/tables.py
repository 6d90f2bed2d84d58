"""The parts that every table shares: JSON values of the domain, instants, and keys."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from controller.storage.database import BigKey, UtcDateTime

Json = JSON().with_variant(JSONB(), "postgresql")


def key() -> Any:
    """An integer primary key that the database counts."""
    return Field(default=None, sa_column=Column(BigKey, primary_key=True, autoincrement=True))


def instant() -> Any:
    """A required instant."""
    return Field(sa_column=Column(UtcDateTime, nullable=False))


def maybe_instant() -> Any:
    """An instant that may not have come yet."""
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


def document(default: Any) -> Any:
    """A JSON document; ``default`` makes the value of a new row."""
    return Field(default_factory=default, sa_column=Column(Json, nullable=False))


def to_json(kind: Any, value: object) -> Any:
    """A frozen value of the domain as plain JSON data."""
    return _adapter(kind).dump_python(value, mode="json")


def from_json(kind: Any, data: object) -> Any:
    """The frozen value again."""
    return _adapter(kind).validate_python(data)


_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
