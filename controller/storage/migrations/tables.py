"""Every module with tables: importing them is what fills SQLModel's metadata."""

from controller.storage import (
    artifacts,
    batches,
    channels,
    durations,
    events,
    flakes,
    idling,
    jobs,
    known_failures,
    leadership,
    needs,
    pauses,
    readings,
    upstream,
    workers,
)

TABLES = (
    artifacts,
    batches,
    channels,
    durations,
    events,
    flakes,
    idling,
    jobs,
    known_failures,
    leadership,
    needs,
    pauses,
    readings,
    upstream,
    workers,
)
