"""Whether the farm can work now."""

from controller.services.farm import Farm
from controller.storage import events


def missing(farm: Farm) -> str:
    """What the farm cannot do without and has not; empty when it can work."""
    try:
        with farm.reading() as session:
            events.newest_event(session)
    except Exception as error:  # noqa: BLE001 -- whatever the driver raises, the answer is the same
        return f"the database does not answer: {type(error).__name__}"
    return ""
