"""Artifacts and the ledger of build numbers: tables and named queries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint, tuple_
from sqlmodel import Field, Session, SQLModel, col, select

from controller.domain.artifacts import Artifact
from controller.storage.tables import document, from_json, instant, key, to_json


class ArtifactRow(SQLModel, table=True):
    """A package file. The unique constraint is what keeps a file name from ever being used twice."""

    __tablename__ = "artifact"
    __table_args__ = (UniqueConstraint("subdir", "file_name", name="artifact_file_name"),)

    id: int | None = key()
    subdir: str
    file_name: str
    name: str = Field(index=True)
    version: str
    build_number: int
    sha256: str = Field(index=True)
    size: int
    batch_id: int | None = Field(default=None, foreign_key="batch.id", index=True)
    job_id: int | None = Field(default=None, foreign_key="job.id")
    verdict: str = ""
    """Outcome of its newest test job on this very digest; empty until one ended."""
    record: dict[str, Any] = document(dict)
    created_at: datetime = instant()

    @property
    def file(self) -> str:
        """``subdir/file name``."""
        return f"{self.subdir}/{self.file_name}"

    def value(self) -> Artifact:
        """The frozen value."""
        return from_json(Artifact, self.record)  # type: ignore[no-any-return]


class NumberRow(SQLModel, table=True):
    """The highest build number ever assigned to a version of a name in a subdir."""

    __tablename__ = "build_number"

    subdir: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    number: int


def add_artifact(session: Session, artifact: Artifact, batch_id: int, job_id: int, now: datetime) -> ArtifactRow:
    """Record a verified file. The database refuses a file name that was used before."""
    row = ArtifactRow(
        subdir=artifact.subdir,
        file_name=artifact.file_name,
        name=artifact.name,
        version=artifact.version,
        build_number=artifact.build_number,
        sha256=artifact.sha256,
        size=artifact.size,
        batch_id=batch_id,
        job_id=job_id,
        record=to_json(Artifact, artifact),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def find_file(session: Session, subdir: str, file_name: str) -> ArtifactRow | None:
    """The artifact with this name, wherever it is published."""
    query = select(ArtifactRow).where(ArtifactRow.subdir == subdir, ArtifactRow.file_name == file_name)
    return session.exec(query).first()


def find_files(session: Session, files: Iterable[str]) -> list[ArtifactRow]:
    """The artifacts of these ``subdir/file name``, in no order."""
    pairs = [tuple(file.split("/", 1)) for file in files]
    rows: list[ArtifactRow] = []
    for start in range(0, len(pairs), 400):
        some = pairs[start : start + 400]
        query = select(ArtifactRow).where(tuple_(col(ArtifactRow.subdir), col(ArtifactRow.file_name)).in_(some))
        rows.extend(session.exec(query).all())
    return rows


def of_batch(session: Session, batch_id: int) -> list[ArtifactRow]:
    """Everything a batch built."""
    return list(session.exec(select(ArtifactRow).where(ArtifactRow.batch_id == batch_id)).all())


def of_job(session: Session, job_id: int) -> list[ArtifactRow]:
    """Everything a job built."""
    return list(session.exec(select(ArtifactRow).where(ArtifactRow.job_id == job_id)).all())


def ledger(session: Session, names: Iterable[str]) -> dict[tuple[str, str, str], int]:
    """(subdir, name, version) to the highest number assigned, for these names."""
    wanted: Sequence[str] = sorted(set(names))
    found: dict[tuple[str, str, str], int] = {}
    for start in range(0, len(wanted), 400):
        query = select(NumberRow).where(col(NumberRow.name).in_(wanted[start : start + 400]))
        found |= {(row.subdir, row.name, row.version): row.number for row in session.exec(query).all()}
    return found


def assign_numbers(session: Session, numbers: Mapping[tuple[str, str, str], int]) -> None:
    """Write assigned numbers into the ledger; they never go down."""
    for (subdir, name, version), number in sorted(numbers.items()):
        row = session.get(NumberRow, (subdir, name, version), with_for_update=True)
        if row is None:
            row = NumberRow(subdir=subdir, name=name, version=version, number=number)
        row.number = max(row.number, number)
        session.add(row)
