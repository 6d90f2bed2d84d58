"""Open pages are told what happened, as HTML by element id."""

import asyncio
from collections.abc import AsyncIterable
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from controller.services.answers import events
from controller.services.farm import Farm
from controller.web.asking import AskedFarm
from controller.web.tail import AskedTail, Tail
from controller.web.topics import Topic, log_fragment, topic_of

router = APIRouter(include_in_schema=False)

_GATHER = 0.3
"""Seconds in which changes are gathered into one fragment: a wave ends in many at once."""
_LOG_PAUSE = 1.0

Name = Annotated[str, Query(alias="topic", max_length=100)]
After = Annotated[int, Query(ge=0)]
Seen = Annotated[int | None, Header(alias="Last-Event-ID", ge=0)]


def _checked(name: Name) -> str:
    """Refuse an unknown topic before the stream begins, while there is a status to say so with."""
    if not name.startswith("log:"):
        topic_of(name)
    return name


@router.get("/stream", response_class=EventSourceResponse)
async def page_stream(
    name: Annotated[str, Depends(_checked)], farm: AskedFarm, tail: AskedTail, after: After = 0, last_seen: Seen = None
) -> AsyncIterable[ServerSentEvent]:
    """Fragments for the page that follows this topic. A page that was away goes on with Last-Event-ID."""
    seen = after if last_seen is None else last_seen
    if name.startswith("log:"):
        async for event in _follow_log(farm, tail, name.removeprefix("log:"), seen):
            yield event
        return
    async for event in _follow(farm, tail, topic_of(name), seen):
        yield event


async def _follow(farm: Farm, tail: Tail, topic: Topic, seen: int) -> AsyncIterable[ServerSentEvent]:
    while (newest := await tail.news(seen)) is not None:
        changes = await to_thread.run_sync(partial(events.after, farm, seen, batch=topic.batch))
        seen = changes[-1].id if changes else newest
        html = await to_thread.run_sync(topic.render, farm, changes) if changes else ""
        if html:
            yield ServerSentEvent(event="swap", raw_data=html, id=str(seen))
        await asyncio.sleep(_GATHER)


async def _follow_log(farm: Farm, tail: Tail, attempt: str, first: int) -> AsyncIterable[ServerSentEvent]:
    while not tail.closed:
        html, first, ended = await to_thread.run_sync(log_fragment, farm, attempt, max(first, 1))
        if html:
            yield ServerSentEvent(event="swap", raw_data=html, id=str(first))
        if ended:
            yield ServerSentEvent(event="end", raw_data="")
            return
        await asyncio.sleep(_LOG_PAUSE)
