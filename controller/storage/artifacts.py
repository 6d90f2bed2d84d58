"""Artifacts and the ledger of build numbers: tables and named queries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, UniqueConstraint, insert, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select

from controller.domain.artifacts import Artifact
from controller.domain.errors import NameTakenError
from controller.planning.numbers import stem_of
from controller.storage.database import BigKey
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
    stage: int = 0
    """Above 0: made on the way round a circle, for the next stage alone; never published."""
    verdict: str = ""
    """Outcome of its newest test job on this very digest; empty until one ended."""
    excused: dict[str, Any] = document(dict)
    """How its tests, which do not pass, compare with those before, where that lets it be published: a Comparison."""
    interface: str = ""
    """Digest of the stored document about its libraries; empty where nobody looked."""
    difference: dict[str, Any] = document(dict)
    """What it differs in from the file that it takes the place of; see planning.interfaces."""
    record: dict[str, Any] = document(dict)
    created_at: datetime = instant()

    @property
    def file(self) -> str:
        """``subdir/file name``."""
        return f"{self.subdir}/{self.file_name}"

    def value(self) -> Artifact:
        """The frozen value."""
        return from_json(Artifact, self.record)  # type: ignore[no-any-return]


class PlannedNameRow(SQLModel, table=True):
    """Every file name that was ever planned to be built; its key is what keeps one from being planned twice.

    ``stem`` is the name without its ending, in lower case: both package formats of one stem, and names that differ in
    case alone, are one file to some client or some disk.
    """

    __tablename__ = "planned_name"

    subdir: str = Field(primary_key=True)
    stem: str = Field(primary_key=True)
    batch_id: int | None = Field(default=None, sa_column=Column(BigKey, ForeignKey("batch.id"), nullable=True))


class NumberRow(SQLModel, table=True):
    """The highest build number ever assigned to a version of a name in a subdir."""

    __tablename__ = "build_number"

    subdir: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    number: int


def add_artifact(
    session: Session, artifact: Artifact, batch_id: int, job_id: int, now: datetime, *, interface: str = "",
    difference: dict[str, Any] | None = None, stage: int = 0,
) -> ArtifactRow:  # fmt: skip
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
        stage=stage,
        interface=interface,
        difference=difference or {},
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


def by_ids(session: Session, ids: Iterable[int]) -> list[ArtifactRow]:
    """The artifacts with these ids, in their order."""
    wanted = sorted(ids)
    rows: list[ArtifactRow] = []
    for start in range(0, len(wanted), 400):
        query = select(ArtifactRow).where(col(ArtifactRow.id).in_(wanted[start : start + 400]))
        rows.extend(session.exec(query.order_by(col(ArtifactRow.id))).all())
    return rows


def all_artifacts(session: Session) -> list[ArtifactRow]:
    """Every file that was ever recorded, in the order it came."""
    return list(session.exec(select(ArtifactRow).order_by(col(ArtifactRow.id))).all())


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


def of_stage(session: Session, job_id: int, stage: int) -> None:
    """What a job built is for the next stage of a circle, and never published. Doing it again changes nothing."""
    session.exec(update(ArtifactRow).where(col(ArtifactRow.job_id) == job_id).values(stage=stage))


def planned_names(session: Session, files: Iterable[str]) -> set[str]:
    """Those of these ``subdir/file name`` that were planned before, in this spelling or another."""
    subdirs: dict[str, dict[str, str]] = {}
    for file in files:
        subdir, stem = _stem(file)
        subdirs.setdefault(subdir, {})[stem] = file
    found: set[str] = set()
    for subdir, stems in subdirs.items():
        wanted = sorted(stems)
        for start in range(0, len(wanted), 5000):
            query = select(PlannedNameRow.stem).where(
                PlannedNameRow.subdir == subdir, col(PlannedNameRow.stem).in_(wanted[start : start + 5000])
            )
            found |= {stems[stem] for stem in session.exec(query).all()}
    return found


def plan_names(session: Session, files: Iterable[str], batch_id: int) -> None:
    """Keep these ``subdir/file name`` for a batch, for ever. Raises NameTakenError where one was planned before."""
    rows = [{"subdir": subdir, "stem": stem, "batch_id": batch_id} for subdir, stem in map(_stem, files)]
    try:
        if rows:
            session.connection().execute(insert(PlannedNameRow), rows)
    except IntegrityError as error:
        raise NameTakenError(
            "A file name of this plan was planned by another batch at the same moment.", remedy="Push again."
        ) from error


def _stem(file: str) -> tuple[str, str]:
    subdir, _, file_name = file.partition("/")
    return subdir, stem_of(file_name)


def interfaces(session: Session) -> dict[str, str]:
    """``subdir/file name`` to the digest of the document about its libraries, for all that have one."""
    query = select(ArtifactRow.subdir, ArtifactRow.file_name, ArtifactRow.interface).where(ArtifactRow.interface != "")
    return {f"{subdir}/{file_name}": digest for subdir, file_name, digest in session.exec(query).all()}


def differences(session: Session, batch_id: int) -> list[tuple[str, dict[str, Any]]]:
    """Name and difference of everything that a batch built and that was compared, in the order it was built."""
    query = select(ArtifactRow.name, ArtifactRow.difference).where(ArtifactRow.batch_id == batch_id)
    rows = session.exec(query.order_by(col(ArtifactRow.id))).all()
    return [(name, dict(found)) for name, found in rows if found]
