"""Builds that failed for real, by the digest of what they were made of: table and named queries."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, or_, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Field, Session, SQLModel, col, select

from controller.storage.jobs import JobRow
from controller.storage.tables import instant


class KnownFailureRow(SQLModel, table=True):
    """What failed, when, and until when that is believed."""

    __tablename__ = "known_failure"

    inputs: str = Field(primary_key=True)
    recipe: str
    name: str
    subdir: str
    failure: str
    line: str = ""
    job: str
    spared: int = 0
    """Jobs that were not run because of it."""
    at: datetime = instant()
    until: datetime = instant()


def remember(session: Session, row: KnownFailureRow) -> None:
    """Keep it, in the place of an earlier one of the same inputs."""
    session.merge(row)
    session.flush()


def find(session: Session, inputs: str, now: datetime) -> KnownFailureRow | None:
    """The failure of these inputs that is still believed."""
    query = select(KnownFailureRow).where(KnownFailureRow.inputs == inputs, col(KnownFailureRow.until) > now)
    return session.exec(query).first()


def keep_inputs(session: Session, job: JobRow, inputs: str, now: datetime) -> bool:
    """Keep what a build is made of, and say whether the failure of that is still believed: one statement."""
    known = select(KnownFailureRow.until).where(KnownFailureRow.inputs == inputs, col(KnownFailureRow.until) > now)
    keep = update(JobRow).where(col(JobRow.id) == job.id).values(inputs=inputs)
    until = session.connection().execute(keep.returning(known.scalar_subquery())).scalar_one()
    set_committed_value(job, "inputs", inputs)
    return until is not None


def believed(session: Session, now: datetime) -> Sequence[KnownFailureRow]:
    """All that are still believed, newest first."""
    query = select(KnownFailureRow).where(col(KnownFailureRow.until) > now)
    return session.exec(query.order_by(col(KnownFailureRow.at).desc(), col(KnownFailureRow.inputs))).all()


def forget_inputs(session: Session, inputs: str) -> None:
    """Forget the failure of these inputs."""
    session.exec(delete(KnownFailureRow).where(col(KnownFailureRow.inputs) == inputs))


def forget(session: Session, named: str) -> int:
    """Forget by the job that failed, the recipe, the package or the whole digest; answers how many there were."""
    known = KnownFailureRow
    wanted = or_(*(col(column) == named for column in (known.inputs, known.recipe, known.name, known.job)))
    return int(session.exec(delete(known).where(wanted)).rowcount)


def forget_old(session: Session, now: datetime) -> None:
    """Drop what is not believed any more."""
    session.exec(delete(KnownFailureRow).where(col(KnownFailureRow.until) <= now))
