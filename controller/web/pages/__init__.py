"""What people look at: pages rendered here, that work without scripts."""

from controller.web.pages import api, batches, channels, farm, help, jobs  # noqa: A004 -- named after its address
from controller.web.pages.problem import problem

__all__ = ["ROUTERS", "problem"]

ROUTERS = (farm.router, batches.router, jobs.router, help.router, api.router, channels.router)
