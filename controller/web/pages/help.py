"""A page for each error and each state: what it means, and what to do."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from controller.domain.errors import NotFoundError
from controller.services.answers.help import TOPICS
from controller.web.asking import AskedFarm
from controller.web.rendering import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/help")
def help_index(farm: AskedFarm) -> HTMLResponse:
    """Every word the farm uses."""
    return page(farm, "helps", topics=TOPICS, stream="")


@router.get("/help/{code}")
def help_page(code: Annotated[str, Path(max_length=60)], farm: AskedFarm) -> HTMLResponse:
    """One word."""
    topic = TOPICS.get(code)
    if topic is None:
        raise NotFoundError("There is no help on that word.", remedy="See /help for every word there is.")
    return page(farm, "help", code=code, topic=topic, stream="")
