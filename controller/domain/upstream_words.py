"""How moves of other channels are said: title of their change, and what became of them."""

from collections.abc import Sequence
from datetime import date
from types import MappingProxyType

from controller.domain.overrides import Override
from controller.domain.upstream import MoveState, without_secret

MOVE_LABELS = MappingProxyType(
    {
        MoveState.PENDING: "not followed yet",
        MoveState.BATCH: "became a batch",
        MoveState.NOTHING: "forces nothing",
    }
)  # fmt: skip
_NAMED = 3


def title(moves: Sequence[tuple[str, str]], channels: Sequence[str]) -> str:
    """``mkl 2026.1 and tbb 2022.3 in conda-forge``; ``moves`` are names, each with its new version."""
    said = [f"{name} {version}" for name, version in dict.fromkeys(moves)]
    more = len(said) - _NAMED
    parts = [*said[:_NAMED], f"{more} more"] if more > 0 else said
    first = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"{first} in {' and '.join(dict.fromkeys(map(short, channels)))}"


def short(channel: str) -> str:
    """The last part of a channel's address, as people call it."""
    return without_secret(channel).rstrip("/").rsplit("/", 1)[-1]


def ignored(override: Override) -> str:
    """Why nothing follows from a move for now."""
    return f"Ignored, by {override.author} {_end(override.until)}: {override.reason}"


def no_work(edits: Sequence[str]) -> str:
    """Why nothing follows from a move; ``edits`` are packages whose recipes hold the old one."""
    if edits:
        return f"Nothing can follow before a recipe is edited: {', '.join(edits)}."
    return "Nothing is rebuilt or retested for it."


def put_off(what: str) -> str:
    """Why a move was not followed yet."""
    return f"Could not be planned, and will be again: {what}"


def waits(batches: Sequence[str]) -> str:
    """What a move waits for."""
    return f"Waits for {', '.join(batches)}, which began before."


def _end(until: date | None) -> str:
    return f"until {until}" if until else "without an end"
