"""News for open streams: however many there are, the database is asked once a moment, and not at all when none is."""

import asyncio
from typing import Annotated, cast

from anyio import to_thread
from fastapi import Depends, Request

from controller.services.answers import events
from controller.services.farm import Farm

PAUSE = 0.5
"""Seconds between two looks."""


class Tail:
    """Where the outbox ends. Belongs to one event loop."""

    def __init__(self, farm: Farm, pause: float = PAUSE) -> None:
        self._farm = farm
        self._pause = pause
        self._newest = 0
        self.closed = False
        self._looking: asyncio.Task[None] | None = None

    def close(self) -> None:
        """From now on no stream waits any more: called, from any thread, before the server is stopped."""
        self.closed = True

    async def news(self, seen: int) -> int | None:
        """Wait until there is an event newer than ``seen``; answers the newest one's id, or None once closed."""
        while self._newest <= seen and not self.closed:
            await self._look()
        return None if self.closed else self._newest

    async def _look(self) -> None:
        """Share a look that is under way; one stream's end does not end it for the others."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._ask())
        await asyncio.shield(self._looking)

    async def _ask(self) -> None:
        await asyncio.sleep(self._pause)
        self._newest = await to_thread.run_sync(events.newest, self._farm)


def tail_of(request: Request) -> Tail:
    """The application's one tail."""
    return cast("Tail", request.app.state.tail)


AskedTail = Annotated[Tail, Depends(tail_of)]
