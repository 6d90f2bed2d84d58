"""The application: every route of the controller, under one set of rules."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from controller.services.farm import Farm
from controller.web import api, files, metrics, pages, probes, problems, stream
from controller.web.agent import attempts, claims
from controller.web.bodies import SMALL
from controller.web.headers import SafeHeaders
from controller.web.rendering import dashboards
from controller.web.tail import Tail
from workers.contract.version import __version__


def create_app(farm: Farm) -> FastAPI:
    """The web application on this Farm. It owns nothing: the Farm is closed by whoever opened it."""
    app = FastAPI(
        title="Condafarm",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        max_body_size=SMALL,
        responses=problems.DESCRIBED,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.farm = farm
    app.state.tail = Tail(farm)
    app.add_middleware(SafeHeaders)
    problems.install(app, pages.problem)
    for router in (claims.router, attempts.router, *api.ROUTERS, probes.router, metrics.router, stream.router):
        app.include_router(router)
    for router in (files.router, *pages.ROUTERS):  # files first: /channels/ has pages and files, told apart by depth
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=dashboards() / "static"), name="static")
    return app
