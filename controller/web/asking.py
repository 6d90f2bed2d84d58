"""The Farm behind a request."""

from typing import Annotated, cast

from fastapi import Depends, Request

from controller.services.farm import Farm


def farm_of(request: Request) -> Farm:
    """The Farm the application was made with."""
    return cast("Farm", request.app.state.farm)


AskedFarm = Annotated[Farm, Depends(farm_of)]
