"""Readings as bytes, and back again in a moment: ten thousand of them come out of a store with every restart."""

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import msgspec

from controller.domain.recipes import RecipeReading

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(RecipeReading).decode


def body_of(reading: RecipeReading) -> bytes:
    """The bytes to keep."""
    return _encode(reading)


def readings_of(bodies: Mapping[str, bytes]) -> dict[str, RecipeReading]:
    """The readings again, by the same keys; bytes that are none, of an older form, are left out."""
    with uncollected():
        return dict(_decoded(bodies.items()))


def _decoded(bodies: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, RecipeReading]]:
    for key, body in bodies:
        try:
            yield key, _decode(body)
        except msgspec.MsgspecError:
            continue


@contextmanager
def uncollected() -> Iterator[None]:
    """Values that live on are looked at by the collector again and again while they come; nothing here is circular."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
