"""How long jobs took: one row for each kind of work, renewed by one statement with every passed try."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Select, bindparam, case, cast, text, update
from sqlmodel import Field, Session, SQLModel, col, select

from controller.planning.durations import History, Measured, Work
from controller.storage.database import UtcDateTime
from controller.storage.tables import instant

_ALL = ""
"""Recipe, name and subdir of the row that stands for all jobs of a kind."""
_RENEWED, _RENEWED_ALL = 0.2, 0.01
"""The least weight of a new measurement: what was long ago fades, of one job sooner than of a whole kind."""
_SHORTEST = 0.01
_FADES = 0.9
"""What was learned of memory fades by so much with each try that needs less."""
_AT_ONCE = 5000
_KEY = ("kind", "recipe", "name", "subdir")


class DurationRow(SQLModel, table=True):
    """Passed tries of one kind of work. ``mean_log`` and ``variance`` are of the natural logarithm of seconds."""

    __tablename__ = "duration"

    recipe: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    subdir: str = Field(primary_key=True)
    count: int
    mean_log: float
    variance: float
    last: float
    memory_bytes: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    """The most that it needed of late; 0 where nobody looked."""
    at: datetime = instant()


_LEAST = f"CASE WHEN duration.recipe = '' THEN {_RENEWED_ALL} ELSE {_RENEWED} END"
_WEIGHT = f"CASE WHEN duration.count + 1 < 1.0 / ({_LEAST}) THEN 1.0 / (duration.count + 1) ELSE {_LEAST} END"
_OFF = "(excluded.mean_log - duration.mean_log)"
_LEARN = text(
    f"""INSERT INTO duration (kind, recipe, name, subdir, count, mean_log, variance, last, at)
    VALUES (:kind, :recipe, :name, :subdir, 1, :mean_log, 0.0, :last, :at),
           (:kind, '', '', '', 1, :mean_log, 0.0, :last, :at)
    ON CONFLICT (kind, recipe, name, subdir) DO UPDATE SET
        count = duration.count + 1, last = excluded.last, at = excluded.at,
        mean_log = duration.mean_log + ({_WEIGHT}) * {_OFF},
        variance = (1.0 - ({_WEIGHT})) * (duration.variance + ({_WEIGHT}) * {_OFF} * {_OFF})"""  # noqa: S608 -- ours
).bindparams(bindparam("at", type_=UtcDateTime()))
"""Both rows by one statement, so that two that end at once both count. As text, since it is compiled but once."""


def learn(session: Session, work: Work, seconds: float, now: datetime) -> None:
    """One more passed try of this work, and of its kind."""
    taken = max(seconds, _SHORTEST)
    said = dict(zip(_KEY, work, strict=True)) | {"mean_log": math.log(taken), "last": taken, "at": now}
    session.connection().execute(_LEARN, said)


def learn_memory(session: Session, work: Work, most: int) -> None:
    """Keep how much memory a passed try needed. To follow ``learn``."""
    old = col(DurationRow.memory_bytes)
    faded = cast(old * _FADES, BigInteger)
    session.exec(
        update(DurationRow)
        .where(*(col(getattr(DurationRow, field)) == value for field, value in zip(_KEY, work, strict=True)))
        .values(memory_bytes=case((faded > most, faded), else_=most))
        .execution_options(synchronize_session=False)
    )


def memory(session: Session, recipes: Iterable[str]) -> dict[Work, int]:
    """Bytes that work of these recipes (as folders) needed of late, where that is known."""
    columns = [getattr(DurationRow, name) for name in (*_KEY, "memory_bytes")]
    found: dict[Work, int] = {}
    wanted = sorted(set(recipes))
    for start in range(0, len(wanted), _AT_ONCE):
        some = col(DurationRow.recipe).in_(wanted[start : start + _AT_ONCE])
        query: Select[Any] = select(*columns).where(some, col(DurationRow.memory_bytes) > 0)
        found |= {(row[0], row[1], row[2], row[3]): row[4] for row in session.connection().execute(query).all()}
    return found


def history(session: Session, recipes: Iterable[str]) -> History:
    """What is known of these recipes (as folders), and of each kind of job."""
    own: dict[Work, Measured] = {}
    wanted = sorted(set(recipes))
    for start in range(0, len(wanted), _AT_ONCE):
        own |= _measured(session, wanted[start : start + _AT_ONCE])
    return History(own, {kind: measured for (kind, *_), measured in _measured(session, [_ALL]).items()})


def _measured(session: Session, recipes: Sequence[str]) -> dict[Work, Measured]:
    columns = [getattr(DurationRow, name) for name in (*_KEY, "count", "mean_log", "variance", "last")]
    query: Select[Any] = select(*columns).where(col(DurationRow.recipe).in_(recipes))
    return {(row[0], row[1], row[2], row[3]): Measured(*row[4:]) for row in session.connection().execute(query).all()}
