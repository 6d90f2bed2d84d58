"""What programs ask: ``/api/v1``."""

from controller.web.api import affected, batches, changes, channels, events, failures, farm, jobs, pauses, upstream

ROUTERS = (
    farm.router, changes.router, affected.router, batches.router, jobs.router, channels.router, upstream.router,
    failures.router, pauses.router, events.router,
)  # fmt: skip
