"""What people look at: pages rendered here, that work without scripts."""

from controller.web.pages import affected, api, batches, channels, failures, farm, help, jobs, whys  # noqa: A004 -- named after its address
from controller.web.pages.problem import problem

__all__ = ["ROUTERS", "problem"]

ROUTERS = (
    farm.router,
    affected.router,
    batches.router,
    jobs.router,
    failures.router,
    whys.router,
    help.router,
    api.router,
    channels.router,
)
