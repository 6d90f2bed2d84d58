"""What happens, as it happens: server-sent events from the outbox."""

from collections.abc import AsyncIterable
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from controller.services.answers import events
from controller.services.answers.shapes import EventShape
from controller.web.asking import AskedFarm
from controller.web.tail import AskedTail

router = APIRouter(tags=["events"])

After = Annotated[int | None, Query(ge=0, description="Only events after this one; without it, only what is to come.")]
Seen = Annotated[int | None, Header(alias="Last-Event-ID", ge=0)]
Batch = Annotated[str | None, Query(pattern=r"^B-[0-9]{1,18}$")]


@router.get("/api/v1/events", response_class=EventSourceResponse)
async def event_stream(
    farm: AskedFarm, tail: AskedTail, after: After = None, batch: Batch = None, last_seen: Seen = None
) -> AsyncIterable[ServerSentEvent]:
    """Every event, oldest first, then each as it comes. A reader that was away goes on with Last-Event-ID."""
    seen = last_seen if last_seen is not None else after
    if seen is None:
        seen = await to_thread.run_sync(events.newest, farm)
    while (newest := await tail.news(seen)) is not None:
        found = await to_thread.run_sync(partial(events.after, farm, seen, batch=batch))
        for event in found:
            yield _sent(event)
        seen = found[-1].id if found else newest


def _sent(event: EventShape) -> ServerSentEvent:
    return ServerSentEvent(raw_data=event.model_dump_json(), event=event.kind, id=str(event.id))
