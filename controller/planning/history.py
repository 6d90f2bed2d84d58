"""What happened in the last runs of a test, as bits of one number: the lowest is the newest run that was written."""

MOST_RUNS = 60
"""As many fit into the number, on every database."""
ALL_RUNS = (1 << MOST_RUNS) - 1


def marked(recent: int, behind: int, runs: int) -> int:
    """In how many of the last ``runs`` runs it happened. ``recent`` was written ``behind`` runs ago."""
    shifted = recent << behind if behind < MOST_RUNS else 0
    return (shifted & ((1 << runs) - 1)).bit_count()
