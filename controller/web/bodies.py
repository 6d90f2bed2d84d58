"""Bodies of requests: small ones whole and bounded, large ones as blocks that a thread reads from the stream."""

from collections.abc import AsyncIterator, Iterator

from anyio import from_thread
from fastapi import Request

BLOCK = 1 << 20
"""Bytes that an upload holds in memory at a time."""
SMALL = 8 << 20
"""Bytes that any other body may have; the application holds to it."""
LARGE = 1 << 40
"""Bytes that one piece of an upload may have; the farm's own rule, which is smaller, holds for the whole."""


async def small_body(request: Request) -> bytes:
    """The whole body, which is no larger than ``SMALL``."""
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
