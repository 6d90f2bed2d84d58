"""The words for pushes that wait for more of their branch."""


def waits_for_more(seconds: float) -> str:
    """How long a push still waits."""
    return f"waits {max(round(seconds), 0)} s for more pushes" if seconds > 0 else "its batch is being opened"


def not_planned(note: str) -> str:
    """Why it waits on, though its time has come."""
    return f"it could not be planned and is tried again: {note}"


def with_more(summary: str, others: int) -> str:
    """The title of a batch of several pushes."""
    return f"{summary} (and {others} more {'push' if others == 1 else 'pushes'})" if others else summary
