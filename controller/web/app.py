"""The application: every route of the controller, under one set of rules."""

from fastapi import FastAPI

from controller.services.farm import Farm
from controller.web import files, probes, problems
from controller.web.agent import attempts, claims
from controller.web.bodies import BoundedBodies
from controller.web.headers import SafeHeaders
from workers.contract.version import __version__


def create_app(farm: Farm) -> FastAPI:
    """The web application on this Farm. It owns nothing: the Farm is closed by whoever opened it."""
    app = FastAPI(
        title="Condafarm",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.farm = farm
    app.add_middleware(BoundedBodies)
    app.add_middleware(SafeHeaders)
    problems.install(app)
    for router in (claims.router, attempts.router, files.router, probes.router):
        app.include_router(router)
    return app
