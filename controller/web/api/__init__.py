"""What programs ask: ``/api/v1``."""

from controller.web.api import affected, batches, changes, channels, events, farm, jobs, upstream

ROUTERS = (
    farm.router, changes.router, affected.router, batches.router, jobs.router, channels.router, upstream.router,
    events.router,
)  # fmt: skip
