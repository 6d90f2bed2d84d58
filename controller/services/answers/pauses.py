"""What is paused, as lists and pages show it."""

from controller.domain.pause_words import pause_sentence
from controller.domain.pauses import Pause, PauseKind
from controller.services import pausing
from controller.services.answers.shapes import PauseShape
from controller.services.farm import Farm
from controller.storage import pauses
from controller.storage.database import Session


def pause_shape(pause: Pause) -> PauseShape:
    """One pause."""
    return PauseShape(
        kind=pause.kind.value, name=pause.name, author=pause.author, reason=pause.reason, since=pause.since,
        until=pause.until, sentence=pause_sentence(pause),
    )  # fmt: skip


def pause_list(farm: Farm) -> list[PauseShape]:
    """All that is paused, the oldest first."""
    return [pause_shape(pause) for pause in pausing.paused(farm)]


def sentences(session: Session, kind: PauseKind) -> dict[str, str]:
    """Name of what of this kind is paused to the words for it."""
    return {row.name: pause_sentence(row.value()) for row in pauses.open_pauses(session) if row.kind == kind}
