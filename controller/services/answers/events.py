"""The outbox, for those who follow what happens."""

from controller.services.answers.shapes import EventShape
from controller.services.farm import Farm
from controller.storage import events


def newest(farm: Farm) -> int:
    """The id of the newest event; 0 when nothing ever happened."""
    with farm.reading() as session:
        return events.newest_event(session)


def after(farm: Farm, number: int, limit: int = 500, batch: str | None = None) -> list[EventShape]:
    """Events newer than ``number``, oldest first; of one batch if asked."""
    with farm.reading() as session:
        return [
            EventShape(id=row.id or 0, at=row.at, kind=row.kind, batch=row.batch, job=row.job, data=row.data)
            for row in events.events_after(session, number, limit, batch)
        ]
