"""Boxes of a picture: arrows lead forward, whatever the paths are."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from controller.planning.lanes import lanes, steps

PATHS = st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True), max_size=8)


@given(PATHS)
def test_every_arrow_leads_to_a_later_lane_and_every_name_stands_once(paths: list[list[str]]) -> None:
    edges = steps(paths)
    rows = lanes(["here"], edges)
    at = {name: number for number, row in enumerate(rows) for name in row}
    assert sorted(at) == sorted({"here", *(name for edge in edges for name in edge)})
    assert sum(map(len, rows)) == len(at)
    assert all(at[above] < at[below] for above, below in edges)
    assert all(rows)


@given(PATHS)
def test_a_step_is_left_out_only_where_it_would_close_a_circle(paths: list[list[str]]) -> None:
    edges = set(steps(paths))
    for path in paths:
        for above, below in pairwise(path):
            assert (above, below) in edges or _leads(edges, below, above)


def _leads(edges: set[tuple[str, str]], start: str, goal: str) -> bool:
    reached = {start}
    while more := {below for above, below in edges if above in reached} - reached:
        reached |= more
    return goal in reached


def test_neighbours_stand_side_by_side() -> None:
    rows = lanes([], steps([("a", "x"), ("b", "y"), ("root", "b"), ("root", "a"), ("root", "c"), ("c", "z")]))
    assert [name.translate(str.maketrans("abc", "xyz")) for name in rows[1]] == list(rows[2])


def test_one_name_alone_is_one_lane() -> None:
    assert lanes(["here"], ()) == (("here",),)
