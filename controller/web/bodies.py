"""Bodies of requests: small ones whole and bounded, large ones as blocks that a thread reads from the stream."""

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus

from anyio import from_thread
from fastapi import HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BLOCK = 1 << 20
"""Bytes that an upload holds in memory at a time."""
SMALL = 8 << 20
"""Bytes that any other body may have."""


async def small_body(request: Request) -> bytes:
    """The whole body; ``BoundedBodies`` has seen to its size."""
    return await request.body()


def blocks(request: Request) -> Iterator[bytes]:
    """The body in blocks, for a thread of the pool. The sender is read no faster than this is."""
    stream = _gathered(request.stream())
    while block := from_thread.run(anext, stream, b""):
        yield block


async def _gathered(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Chunks joined to blocks: each step costs a change of threads."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) >= BLOCK:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


class BoundedBodies:
    """Refuses a body over ``SMALL`` bytes, however it is sent; PATCH is the upload, which has its own bound."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes."""
        if scope["type"] != "http" or scope["method"] == "PATCH":
            await self._app(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > SMALL:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {SMALL} bytes.")
            return message

        await self._app(scope, counted, send)
