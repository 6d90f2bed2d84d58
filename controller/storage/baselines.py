"""How the tests of each file last went without anything of a batch beside it, and the controls that tell."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from controller.domain.baselines import Run
from controller.domain.jobs import JobState
from controller.storage.channels import ChannelRow
from controller.storage.jobs import JobRow
from controller.storage.tables import document, from_json, instant, to_json


class BaselineRow(SQLModel, table=True):
    """The last run of a file's tests in the target: when it was built, or by a control."""

    __tablename__ = "baseline"

    file: str = Field(primary_key=True)
    outcome: str
    run: dict[str, Any] = document(dict)
    snapshot: int
    """Of ``testing``, when it ended."""
    at: datetime = instant()

    def value(self) -> Run:
        """The frozen value."""
        return from_json(Run, self.run)  # type: ignore[no-any-return]


def remember(session: Session, run: Run, channel: str, at: datetime) -> None:
    """Keep it in the place of the one before, with the snapshot that ``channel`` is at: one way to the server."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    table = BaselineRow.__table__  # type: ignore[attr-defined]
    current = select(ChannelRow.current).where(ChannelRow.name == channel).scalar_subquery()
    values = {"outcome": run.outcome.value, "run": to_json(Run, run), "snapshot": func.coalesce(current, 0), "at": at}
    new = dialect.insert(table).values(file=run.file, **values)
    renewed = {name: new.excluded[name] for name in values}
    session.connection().execute(new.on_conflict_do_update(index_elements=["file"], set_=renewed))


def find(session: Session, file: str) -> BaselineRow | None:
    """The last one of a file."""
    return session.get(BaselineRow, file)


def told_by_controls(session: Session, ended: Sequence[str]) -> list[tuple[int, int]]:
    """Jobs that wait for a control, with their newest one, where that has ended."""
    control = aliased(JobRow)
    query = (
        select(JobRow.id, func.max(control.id))
        .join(control, and_(col(control.batch_id) == col(JobRow.batch_id), col(control.control_of) == col(JobRow.id)))
        .where(JobRow.state == JobState.CHECKING.value)
        .group_by(col(JobRow.id))
        .having(func.sum(case((col(control.state).in_(list(ended)), 0), else_=1)) == 0)
    )
    return [(number or 0, told or 0) for number, told in session.exec(query).all()]
