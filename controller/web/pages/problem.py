"""An error as a page, for those who came with a browser."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from controller.services.answers.help import TOPICS
from controller.web.asking import farm_of
from controller.web.rendering import page


def problem(request: Request, said: Mapping[str, Any]) -> HTMLResponse:
    """What went wrong, why, and the next step."""
    topic = TOPICS.get(said["code"], TOPICS["farm_error"])
    return page(farm_of(request), "problem", status=said["status"], problem=said, topic=topic, stream="")
