"""bioconda-utils' own load and DAG over a tree: CPU and wall seconds, printed as JSON.

It runs under a Python that has bioconda-utils, and imports nothing of this project::

    PY bioconda_utils_graph.py RECIPES_FOLDER

What is imported before counts for neither side. The reading runs in one process of bioconda-utils' pool, so the
seconds of children count.
"""

import json
import logging
import resource
import sys
import time
from collections.abc import Callable
from typing import Any


def main(folder: str) -> None:
    """Measure ``graph.build``: it loads every recipe by ``load_meta_fast``, then joins them."""
    logging.disable(logging.CRITICAL)
    from bioconda_utils import graph, utils

    recipes = list(utils.get_recipes(folder))
    taken, (dag, _) = _timed(lambda: graph.build(recipes, {}))
    found = {"recipes": len(recipes), "nodes": dag.number_of_nodes(), "edges": dag.number_of_edges()}
    print(json.dumps({**taken, **found, "rss MB": _peak()}))


def _timed(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    cpu, wall = _cpu(), time.perf_counter()
    result = work()
    return {"cpu": round(_cpu() - cpu, 2), "wall": round(time.perf_counter() - wall, 2)}, result


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main(sys.argv[1])
