"""What the farm finds quickly or foretells, beside what is found slowly or made: index, edges, graph."""

from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from controller.domain.artifacts import Artifact
from controller.domain.plans import Decision, Member, Membership
from controller.domain.recipes import Output
from controller.planning.graph import Graph
from controller.planning.impact import decide_on
from controller.planning.index import Index
from controller.planning.indexing import index_of, updated
from tests.kit.drawing import build_drawn, execute, plan_drawn
from tests.kit.forge import UnbuildableError, forge_all
from tests.kit.small_trees import Tree, small_changes, small_trees

quickly = settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))

# The index ---------------------------------------------------------------------------------------------------------


def steps() -> st.SearchStrategy[str]:
    return st.sampled_from(["change", "change", "execute", "drop", "yank", "restore"])


@given(st.data())
@quickly
def test_an_index_that_follows_changes_is_the_one_made_afresh(data: st.DataObject) -> None:
    tree = whole = data.draw(small_trees())
    outputs = tree.render()
    base: tuple[Artifact, ...] = build_drawn(outputs)
    index = index_of(outputs, base)
    for step in data.draw(st.lists(steps(), min_size=1, max_size=5)):
        if step == "change":
            tree = data.draw(small_changes(tree))
        elif step == "drop" and len(tree.recipes) > 1:
            tree = Tree(tree.recipes[:-1], tree.pins)
        elif step == "restore":
            tree = Tree((*tree.recipes, *whole.recipes[len(tree.recipes) :]), {**whole.pins, **tree.pins})
        elif step == "execute":
            base = execute(plan_drawn(outputs, base), base)
        elif step == "yank" and base:
            gone = data.draw(st.integers(0, len(base) - 1))
            base = (*base[:gone], *base[gone + 1 :])
        outputs = same_objects(outputs, tree.render())
        index = updated(index, outputs, base)
        assert tables(index) == tables(index_of(outputs, base))
        assert judged(decide_on(index)) == judged(decide_on(index_of(outputs, base)))


@given(st.data())
@quickly
def test_an_index_that_was_gone_on_from_is_what_it_was(data: st.DataObject) -> None:
    tree = data.draw(small_trees())
    outputs = tree.render()
    base = build_drawn(outputs)
    index = index_of(outputs, base)
    before = tables(index)
    updated(index, same_objects(outputs, data.draw(small_changes(tree)).render()), base[1:])
    assert tables(index) == before == tables(index_of(outputs, base))


def same_objects(known: Sequence[Output], outputs: Sequence[Output]) -> tuple[Output, ...]:
    """The outputs; of those that did not change the objects that are known, as a reading that is kept has them."""
    return tuple(next((old for old in known if old == output), output) for output in outputs)


def tables(index: Index) -> dict[str, Any]:
    """What an index holds, whatever places its outputs have."""
    names = [(o.recipe, *o.key, o.version) for o in index.outputs]

    def users(groups: Mapping[Any, Sequence[int]]) -> dict[Any, list[Any]]:
        return {how: sorted(names[place] for place in places) for how, places in groups.items() if places}

    def by_name(table: Mapping[str, Mapping[Any, Sequence[int]]]) -> dict[str, Any]:
        return {name: found for name, groups in table.items() if (found := users(groups))}

    running = index.running
    return {
        "outputs": sorted(names),
        "asks": {names[place]: {running.table[ask] for ask in asks} for place, asks in enumerate(running.asks)},
        "runs": {names[place]: {names[p] for p in runs} for place, runs in enumerate(running.runs)},
        "artifacts": {names[n]: a.file_name if a else "" for n, a in enumerate(index.artifacts)},
        "recorded": by_name(index.recorded), "used": by_name(index.used),
        "order": [{name: list(groups) for name, groups in t.items() if groups} for t in (index.recorded, index.used)],
        "asked": users(index.asked), "tested": users(index.tested),
        "differing": {names[place]: reason for place, reason in index.differing.items()},
        "missing": sorted(names[place] for place in index.missing),
        "providers": users(index.providers.by_name),
        "provided": {
            (names[place], name): sorted(names[p] for p in index.providers.of_name(name, place))
            for place in range(len(names)) for name in index.providers.by_name
        },
    }  # fmt: skip


def judged(decision: Decision) -> dict[Any, Any]:
    """Each member with what is said of it. Of equally short paths, and of equally near retests, any may be told."""
    return {(m.output.recipe, *m.output.key, m.output.version): (m.membership, _said(m)) for m in decision.members} | {
        "gone": sorted((gone.artifact, gone.reason.rule, gone.reason.detail) for gone in decision.gone)
    }


def _said(member: Member) -> set[tuple[str, ...]]:
    if member.membership is Membership.RETEST:
        return {(str(len(reason.path)),) for reason in member.reasons}
    return {(r.rule, r.about, r.spec, r.origin, r.detail) for r in member.reasons}


# The edges ---------------------------------------------------------------------------------------------------------


@given(small_trees())
@quickly
def test_what_the_edges_of_recipes_foretell_is_what_a_builder_records(tree: Tree) -> None:
    outputs = tree.render()
    try:
        made = forge_all(outputs)
    except UnbuildableError:
        assume(False)
        raise
    for ours, theirs in zip(build_drawn(outputs), made, strict=True):
        assert recorded(ours) == recorded(theirs)


def recorded(artifact: Artifact) -> dict[str, Any]:
    """What the file says. Where two export the same, either may be told."""
    return {
        "depends": {(d.spec, d.origin) for d in artifact.depends},
        "constrains": {(d.spec, d.origin) for d in artifact.constrains},
        "used": {(u.section, u.file_stem) for u in artifact.used if u.direct},
    }


# The graph ---------------------------------------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 12))
    node = st.integers(0, size - 1)
    return Graph.of(size, draw(st.lists(st.tuples(node, node), max_size=30)))


def oracle(graph: Graph) -> "nx.DiGraph[int]":
    known: nx.DiGraph[int] = nx.DiGraph(graph.edges())
    known.add_nodes_from(range(len(graph)))
    return known


@given(graphs(), st.sets(st.integers(0, 11), min_size=1, max_size=4), st.integers(0, 11))
def test_several_roots_reach_what_each_reaches_by_the_shortest_path_of_any(
    graph: Graph, asked: set[int], goal: int
) -> None:
    roots, goal, known = {root % len(graph) for root in asked}, goal % len(graph), oracle(graph)
    assert graph.closure(roots) == roots.union(*(nx.descendants(known, root) for root in roots))
    lengths = [nx.shortest_path_length(known, root, goal) for root in roots if nx.has_path(known, root, goal)]
    path = graph.because(roots, goal)
    assert len(path) - 1 == min(lengths, default=-1)
    assert not path or path[0] in roots


@given(graphs())
def test_turned_round_it_is_what_networkx_turns_round(graph: Graph) -> None:
    assert set(graph.reversed().edges()) == set(oracle(graph).reverse().edges())
