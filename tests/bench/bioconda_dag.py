"""What bioconda-utils and the farm find that a new htslib touches, on the same facts of bioconda's tree.

    python -m tests.bench.bioconda_dag --graph BIOCONDA_UTILS/bioconda_utils/graph.py

Its ``graph.build`` runs as it is; only the loading of recipes is replaced by facts that both sides start from (what
loading costs is in ``tests/bench/recipes/peers.py``). Prints JSON; seconds are CPU, the best of several.
"""

import argparse
import json
import sys
import types
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import zstandard

from controller.domain.plans import Membership
from controller.planning.impact import decide_on
from controller.planning.indexing import index_of, updated
from tests.bench.graphs import timed
from tests.kit.graph_worlds import ABSENT, data_path, from_data, moved

PACKAGE = "htslib"


def main() -> None:
    """Measure both and compare what they name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", type=Path, required=True)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    path = data_path("bioconda")
    if path is None:
        sys.exit(ABSENT)
    theirs, reached = _theirs(asked.graph, path, asked.times)
    ours, touched = _ours(path, asked.times)
    print(json.dumps({
        "bioconda-utils": theirs, "farm": ours, "named by both": len(touched & reached),
        "by bioconda-utils alone": len(reached - touched), "by the farm alone": len(touched - reached),
    }, indent=2))  # fmt: skip


def _theirs(graph: Path, path: Path, times: int) -> tuple[dict[str, Any], set[str]]:
    text = zstandard.ZstdDecompressor().decompress(path.read_bytes(), max_output_size=1 << 30)
    metas = {recipe["d"]: _meta(recipe) for recipe in json.loads(text)["recipes"]}
    build = _graph_module(graph, metas)
    dag = timed(lambda: build(list(metas), {})[0], times)
    reached = timed(lambda: nx.descendants(dag.given, PACKAGE), times)
    figures = {"graph": min(dag.cpu), "descendants": min(reached.cpu), "edges": dag.given.number_of_edges()}
    return {**figures, "touched": len(reached.given)}, set(reached.given)


def _meta(recipe: dict[str, Any]) -> dict[str, Any]:
    wanted = {"build": recipe.get("B"), "host": recipe.get("H"), "run": recipe.get("R")}
    return {"package": {"name": recipe["n"]}, "requirements": wanted}


def _graph_module(graph: Path, metas: dict[str, Any]) -> Callable[..., Any]:
    """Its ``build``, with stand-ins for the modules that read recipes."""
    package, module = types.ModuleType("bioconda_utils"), types.ModuleType("bioconda_utils.graph")
    utils: Any = types.ModuleType("bioconda_utils.utils")
    utils.load_meta_fast = lambda recipe: (metas[recipe], recipe)
    utils.parallel_iter = lambda function, recipes, _: map(function, recipes)
    package.__path__ = []
    vars(package)["utils"] = utils
    sys.modules |= {"bioconda_utils": package, "bioconda_utils.utils": utils}
    for name, kind in (("recipe", "Recipe"), ("skiplist", "Skiplist")):
        stand_in = types.ModuleType(f"bioconda_utils.{name}")
        vars(stand_in)[kind] = object
        sys.modules[stand_in.__name__] = stand_in
    module.__package__ = "bioconda_utils"
    exec(compile(graph.read_text(encoding="utf-8"), str(graph), "exec"), vars(module))  # noqa: S102 -- what is measured
    build: Callable[..., Any] = vars(module)["build"]
    return build


def _ours(path: Path, times: int) -> tuple[dict[str, Any], set[str]]:
    world = from_data(path)
    index = timed(lambda: index_of(world.outputs, world.artifacts), times)
    after = updated(index.given, moved(world, PACKAGE, "2.0").outputs, world.artifacts)
    decided = timed(lambda: decide_on(after), times)
    members = Counter(member.membership.value for member in decided.given.members)
    touched = {m.output.name for m in decided.given.members if m.membership is not Membership.NOTHING} - {PACKAGE}
    return {"index": min(index.cpu), "decision": min(decided.cpu), "members": members}, touched


if __name__ == "__main__":
    main()
