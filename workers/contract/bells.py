"""Names on the broker: the only task, and the queue of each pool."""

BELL_TASK = "farm.bell"
"""The one task a worker registers. Its message says only that a pool has work."""


def queue_of(pool: str) -> str:
    """The broker queue, and so the Redis list, on which a pool's bells are rung."""
    return f"bells.{pool}"
