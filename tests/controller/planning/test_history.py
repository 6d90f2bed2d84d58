"""The bits of a history, against the list of what happened."""

from hypothesis import given
from hypothesis import strategies as st

from controller.planning.history import ALL_RUNS, MOST_RUNS, marked


def written(happened: list[bool]) -> int:
    bits = 0
    for each in happened:
        bits = ((bits << 1) | each) & ALL_RUNS
    return bits


@given(st.lists(st.booleans(), max_size=150), st.integers(0, 130), st.integers(0, MOST_RUNS))
def test_the_bits_count_what_happened_in_the_last_runs(happened: list[bool], behind: int, runs: int) -> None:
    since = [*happened, *[False] * behind]
    assert marked(written(happened), behind, runs) == sum(since[-runs:] if runs else [])
