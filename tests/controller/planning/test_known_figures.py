"""Two real trees as facts: the figures that are known of them come out of the farm's own edges and graph.

Known under this reading: linux-64, first variant, edges between recipes of the set, self edges dropped.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache

import networkx as nx
import pytest

from controller.domain.plans import Membership
from controller.domain.recipes import Output, Section
from controller.planning.dependencies import EdgeKind, edges_of
from controller.planning.graph import Graph
from controller.planning.impact import decide
from tests.kit.graph_worlds import ABSENT, World, built, data_path, moved, outputs_from

Pairs = frozenset[tuple[int, int]]
NAMED = {Section.BUILD: EdgeKind.BUILD, Section.HOST: EdgeKind.HOST, Section.RUN: EdgeKind.RUN}


@cache
def outputs_of(name: str) -> tuple[Output, ...]:
    path = data_path(name)
    if path is None:
        pytest.skip(ABSENT)
    return outputs_from(path)


@cache
def recipes_of(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(output.recipe for output in outputs_of(name)))


@cache
def edges_between_recipes(name: str) -> dict[Section, Pairs]:
    """(provider, user) by what the recipes name; what exports draw in is left out, as the known figures do."""
    outputs = outputs_of(name)
    place = {recipe: number for number, recipe in enumerate(recipes_of(name))}
    number = [place[output.recipe] for output in outputs]
    found: dict[EdgeKind, set[tuple[int, int]]] = {kind: set() for kind in NAMED.values()}
    for edge in edges_of(outputs):
        if not edge.need.exporter and edge.need.kind in found and number[edge.provider] != number[edge.user]:
            found[edge.need.kind].add((number[edge.provider], number[edge.user]))
    return {section: frozenset(found[kind]) for section, kind in NAMED.items()}


def graph_of(name: str, *sections: Section) -> Graph:
    edges = edges_between_recipes(name)
    return Graph.of(len(recipes_of(name)), sorted({pair for section in sections for pair in edges[section]}))


def with_outsider(outputs: Sequence[Output], recipes: Sequence[str], outsider: str, *sections: Section) -> set[int]:
    """Recipes that name a package which no recipe of the set makes."""
    place = {recipe: number for number, recipe in enumerate(recipes)}
    return {place[o.recipe] for o in outputs if any(r.name == outsider for r in o.in_section(*sections))}


def noarch_recipes(name: str) -> set[int]:
    """Recipes all of whose outputs are noarch."""
    place = {recipe: number for number, recipe in enumerate(recipes_of(name))}
    bound = {place[output.recipe] for output in outputs_of(name) if not output.noarch}
    return set(range(len(place))) - bound


@pytest.mark.parametrize(
    ("tree", "recipes", "host", "build", "run"),
    [("bioconda", 10_600, 16_863, 175, 32_789), ("staged", 29_143, 112_763, 36_460, 163_121)],
)
def test_as_many_recipes_and_edges_as_are_known(tree: str, recipes: int, host: int, build: int, run: int) -> None:
    edges = edges_between_recipes(tree)
    assert len(recipes_of(tree)) == recipes
    assert {section.value: len(pairs) for section, pairs in edges.items()} == {"host": host, "build": build, "run": run}


def test_bioconda_has_no_cycle_by_any_reading() -> None:
    assert graph_of("bioconda", Section.BUILD, Section.HOST, Section.RUN).cycles() == []


def test_the_largest_knot_of_staged_recipes_holds_thirty() -> None:
    graph = graph_of("staged", Section.BUILD, Section.HOST)
    assert max(len(part) for part in graph.components()) == 30


def test_who_depends_on_htslib_and_in_which_waves() -> None:
    roots = [n for n, recipe in enumerate(recipes_of("bioconda")) if made_by("bioconda", n) == "htslib"]
    direct = {user for provider, user in edges_between_recipes("bioconda")[Section.HOST] if provider in roots}
    assert (len(direct), len(direct - noarch_recipes("bioconda"))) == (193, 190)
    graph = graph_of("bioconda", Section.BUILD, Section.HOST)
    reached = graph.closure(roots) - set(roots)
    assert len(reached) == 268
    inside = sorted(reached)
    place = {node: number for number, node in enumerate(inside)}
    part = Graph.of(len(inside), [(place[a], place[b]) for a, b in graph.edges() if a in reached and b in reached])
    assert [count for _, count in sorted(Counter(part.waves()).items())] == [179, 60, 20, 9]


def made_by(tree: str, number: int) -> str:
    """The package of a recipe that makes one."""
    return names_of(tree)[number]


@cache
def names_of(tree: str) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for output in outputs_of(tree):
        first.setdefault(output.recipe, output.name)
    return tuple(first[recipe] for recipe in recipes_of(tree))


def test_who_depends_on_a_package_of_another_channel() -> None:
    outputs, recipes = outputs_of("bioconda"), recipes_of("bioconda")
    zlib = with_outsider(outputs, recipes, "zlib", Section.HOST)
    graph = graph_of("bioconda", Section.BUILD, Section.HOST)
    anywhere = with_outsider(outputs, recipes, "zlib", Section.HOST, Section.BUILD)
    assert (len(zlib), len(graph.closure(anywhere))) == (1_369, 4_534)
    r_base = with_outsider(outputs, recipes, "r-base", Section.HOST)
    gatk4 = {recipes.index("gatk4")}  # noarch at its top alone, which is nothing to its outputs
    assert (len(r_base), len(r_base - noarch_recipes("bioconda") - gatk4)) == (4_115, 661)


@pytest.mark.parametrize("tree", ["bioconda", "staged"])
def test_networkx_finds_the_same_closures_and_components(tree: str) -> None:
    graph = graph_of(tree, Section.BUILD, Section.HOST)
    known: nx.DiGraph = nx.DiGraph(graph.edges())
    known.add_nodes_from(range(len(graph)))
    assert {frozenset(part) for part in graph.components()} == {
        frozenset(part) for part in nx.strongly_connected_components(known)
    }
    for root in range(0, len(graph), 500):
        assert graph.closure([root]) == nx.descendants(known, root) | {root}
        far = max(graph.closure([root]))
        path = graph.because([root], far)
        assert len(path) - 1 == nx.shortest_path_length(known, root, far)


@pytest.mark.parametrize(("tree", "package"), [("bioconda", "htslib"), ("staged", "zlib")])
def test_a_new_version_rebuilds_none_but_those_it_reaches_by_build_host_or_a_record(tree: str, package: str) -> None:
    world = world_of(tree)
    decision = decide(moved(world, package, "99.0"), world.artifacts)
    counts = Counter(member.membership for member in decision.members)
    graph = Graph.of(len(world.outputs), {(edge.provider, edge.user) for edge in edges_of(world.outputs)})
    roots = [place for place, output in enumerate(world.outputs) if output.name == package]
    reached = graph.closure(roots)
    touched = {n for n, m in enumerate(decision.members) if m.membership is not Membership.NOTHING}
    assert touched <= reached
    assert counts[Membership.REBUILD] < len(reached)
    assert counts[Membership.NOTHING] + len(touched) == len(world.outputs)


@cache
def world_of(tree: str) -> World:
    return built(outputs_of(tree))


@pytest.mark.parametrize("tree", ["bioconda", "staged"])
def test_a_real_tree_that_was_built_needs_nothing(tree: str) -> None:
    world = world_of(tree)
    decision = decide(world.reading, world.artifacts)
    assert Counter(member.membership for member in decision.members) == {Membership.NOTHING: len(world.outputs)}
