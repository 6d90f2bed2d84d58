"""What programs ask: ``/api/v1``."""

from controller.web.api import batches, changes, channels, events, farm, jobs

ROUTERS = (farm.router, changes.router, batches.router, jobs.router, channels.router, events.router)
