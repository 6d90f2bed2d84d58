"""The farm's own graph, with networkx as its oracle."""

import itertools

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.planning.graph import Graph

sizes = st.integers(1, 12)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(sizes)
    node = st.integers(0, size - 1)
    return Graph.of(size, draw(st.lists(st.tuples(node, node), max_size=30)))


def oracle(graph: Graph) -> nx.DiGraph:
    known: nx.DiGraph = nx.DiGraph()
    known.add_nodes_from(range(len(graph)))
    known.add_edges_from(graph.edges())
    return known


@given(graphs(), st.integers(0, 11))
def test_the_closure_is_that_of_networkx(graph: Graph, root: int) -> None:
    root %= len(graph)
    assert graph.closure([root]) == nx.descendants(oracle(graph), root) | {root}


@given(graphs())
def test_components_are_those_of_networkx_and_come_successors_first(graph: Graph) -> None:
    found = graph.components()
    assert {frozenset(part) for part in found} == {
        frozenset(p) for p in nx.strongly_connected_components(oracle(graph))
    }
    place = {node: number for number, part in enumerate(found) for node in part}
    assert all(place[target] <= place[source] for source, target in graph.edges())


@given(graphs())
def test_waves_are_the_longest_paths_where_there_is_no_cycle(graph: Graph) -> None:
    known = oracle(graph)
    if not nx.is_directed_acyclic_graph(known):
        with pytest.raises(ValueError, match="cycle"):
            graph.waves()
        return
    expected = {node: number for number, wave in enumerate(nx.topological_generations(known)) for node in wave}
    assert graph.waves() == [expected[node] for node in range(len(graph))]


@given(graphs(), st.integers(0, 11), st.integers(0, 11))
def test_a_because_path_is_a_shortest_one(graph: Graph, root: int, goal: int) -> None:
    root, goal = root % len(graph), goal % len(graph)
    path, known = graph.because([root], goal), oracle(graph)
    if not nx.has_path(known, root, goal):
        assert path == ()
        return
    assert (path[0], path[-1]) == (root, goal)
    assert len(path) - 1 == nx.shortest_path_length(known, root, goal)
    assert all(known.has_edge(a, b) for a, b in itertools.pairwise(path))


@given(graphs())
def test_cycles_are_the_components_one_can_return_in(graph: Graph) -> None:
    known = oracle(graph)
    expected = {
        frozenset(p) for p in nx.strongly_connected_components(known) if len(p) > 1 or known.has_edge(*[*p] * 2)
    }
    assert {frozenset(part) for part in graph.cycles()} == expected


def test_turning_round_twice_changes_nothing() -> None:
    graph = Graph.of(3, [(0, 1), (1, 2), (0, 2)])
    assert set(graph.reversed().reversed().edges()) == set(graph.edges())


def test_a_chain_of_a_hundred_thousand_needs_no_recursion() -> None:
    size = 100_000
    graph = Graph.of(size, ((n, n + 1) for n in range(size - 1)))
    assert graph.waves()[-1] == size - 1
