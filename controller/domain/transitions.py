"""The small engine that reads a table of moves."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from controller.domain.errors import IllegalMoveError

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def advance(table: Mapping[tuple[S, E], S], state: S, event: E) -> S:
    """The state after ``event``. Raises IllegalMoveError, naming both, where the table has no such move."""
    try:
        return table[state, event]
    except KeyError:
        raise IllegalMoveError(
            f"'{event.value}' cannot happen in state '{state.value}'.",
            remedy="Look at the thing again: its state has changed, or the wrong one was named.",
        ) from None


def sources(table: Mapping[tuple[S, E], S], event: E) -> tuple[S, ...]:
    """Every state from which ``event`` may happen; for the WHERE of a guarded write."""
    return tuple(sorted({state for state, via in table if via == event}))
