"""The fewest cuts that leave no circle, against every set of cuts there is."""

from itertools import combinations

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.planning.cuts import Edge, fewest_cuts

NODES = 5
edges = st.sets(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)), max_size=12)


def free_of_circles(left: set[Edge]) -> bool:
    return bool(nx.is_directed_acyclic_graph(nx.DiGraph(sorted(left))))


def fewest(given_edges: set[Edge], cuttable: dict[Edge, frozenset[Edge]]) -> int | None:
    """By trying all of them, the smallest first; an edge takes along what must go with it."""
    for size in range(len(cuttable) + 1):
        for chosen in combinations(sorted(cuttable), size):
            cut = {edge for one in chosen for edge in cuttable[one]}
            if len(cut) <= size and free_of_circles(given_edges - cut):
                return size
    return None


@given(edges, st.data())
@settings(max_examples=150, deadline=None)
def test_no_fewer_cuts_would_do(some: set[Edge], data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(sorted(some)), max_size=8)) if some else set()
    cuttable = {edge: frozenset({edge}) for edge in chosen}
    found = fewest_cuts(some, cuttable)
    wanted = fewest(some, cuttable)
    assert (len(found.cuts) if found else None) == wanted
    if found:
        assert found.exact
        assert found.cuts <= chosen
        assert free_of_circles(some - found.cuts)


def test_where_the_search_would_take_too_long_no_cut_can_be_spared() -> None:
    ring = {(node, (node + 1) % 6) for node in range(6)} | {(node, (node + 2) % 6) for node in range(6)}
    found = fewest_cuts(ring, {edge: frozenset({edge}) for edge in ring}, steps=1)
    assert found
    assert not found.exact
    assert free_of_circles(ring - found.cuts)
    assert not any(free_of_circles(ring - (found.cuts - {edge})) for edge in found.cuts)


def test_what_must_be_cut_together_is_cut_together() -> None:
    both = frozenset({(0, 1), (0, 2)})
    found = fewest_cuts({(0, 1), (1, 0), (0, 2), (2, 0)}, {(0, 1): both, (0, 2): both})
    assert found
    assert found.cuts == both


def test_a_circle_that_cannot_be_cut_has_no_answer() -> None:
    assert fewest_cuts({(0, 1), (1, 0)}, {}) is None
