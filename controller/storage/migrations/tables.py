"""Every module with tables: importing them is what fills SQLModel's metadata."""

from controller.storage import artifacts, batches, channels, events, jobs, readings, workers

TABLES = (artifacts, batches, channels, events, jobs, readings, workers)
