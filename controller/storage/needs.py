"""What jobs ask for: each distinct one once, so that a claim asks only for the numbers of those it can give."""

import hashlib
import json
from functools import lru_cache
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from controller.domain.jobs import JobState
from controller.domain.needs import NO_NEEDS, Needs
from controller.storage.jobs import JobRow
from controller.storage.tables import document, from_json, key, to_json

NOTHING = 0
"""The number of asking for nothing, which no row has."""


class NeedsRow(SQLModel, table=True):
    """One of them; never changed."""

    __tablename__ = "needs"

    id: int | None = key()
    digest: str = Field(unique=True)
    document: dict[str, Any] = document(dict)


def number_of(session: Session, needs: Needs) -> int:
    """The number of these, given now if they are new."""
    if needs == NO_NEEDS:
        return NOTHING
    said = to_json(Needs, needs)
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    table = NeedsRow.__table__  # type: ignore[attr-defined]
    session.connection().execute(dialect.insert(table).values(digest=digest, document=said).on_conflict_do_nothing())
    return session.exec(select(NeedsRow.id).where(NeedsRow.digest == digest)).one() or 0


def needs_by_number(session: Session) -> dict[int, Needs]:
    """All of them, and nothing under its own number."""
    rows = session.exec(select(NeedsRow.id, NeedsRow.document)).all()
    return {NOTHING: NO_NEEDS} | {number or 0: _read(json.dumps(said)) for number, said in rows}


def ready_needs(session: Session, pools: list[str]) -> dict[str, set[int]]:
    """Pool to the numbers of what its ready jobs ask for."""
    query = select(JobRow.pool, JobRow.needs_id).where(
        JobRow.state == JobState.READY.value, col(JobRow.pool).in_(pools)
    )
    found: dict[str, set[int]] = {pool: set() for pool in pools}
    for pool, number in session.exec(query.distinct()).all():
        found[pool].add(number)
    return found


@lru_cache(4096)
def _read(said: str) -> Needs:
    needs: Needs = from_json(Needs, json.loads(said))
    return needs
