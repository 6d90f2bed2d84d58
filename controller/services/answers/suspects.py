"""Which of the changes that came together can have broken a job."""

from controller.domain.culprit_words import suspects_sentence
from controller.domain.jobs import BROKEN, JobState
from controller.domain.plans import Reason
from controller.planning.culprits import suspects
from controller.storage import edges
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from controller.storage.tables import from_json


def suspects_of(session: Session, row: JobRow) -> str:
    """In a sentence; empty for a job that is not broken."""
    if JobState(row.state) not in {*BROKEN, JobState.ESCALATED}:
        return ""
    above = ([from_json(Reason, kept) for kept in build] for build in edges.builds_above(session, row.id or 0))
    return suspects_sentence(suspects([from_json(Reason, kept) for kept in row.reasons], above), row.name)
