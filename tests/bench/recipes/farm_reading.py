"""Our cold reading of a tree for one subdir, then its edges: CPU and wall seconds, printed as JSON.

Started by ``peers``, in a process of its own, so that nothing is warm and imports count for neither side.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main(tree: str, subdir: str) -> None:
    """Measure the reading, then the edges between what was read."""
    from controller.gateways.tree_readings import read_tree
    from controller.planning.dependencies import edges_of

    reading, outcome = _timed(lambda: read_tree(Path(tree), (subdir,), "measured"))
    joining, edges = _timed(lambda: sum(1 for _ in edges_of(outcome.outputs)))
    found = {"outputs": len(outcome.outputs), "refusals": len(outcome.refusals), "skipped": len(outcome.skipped)}
    whole = {key: round(reading[key] + joining[key], 2) for key in reading}
    print(json.dumps({**whole, "reading": reading, "joining": joining, **found, "edges": edges, "rss MB": _peak()}))


def _timed(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    cpu, wall = _cpu(), time.perf_counter()
    result = work()
    return {"cpu": round(_cpu() - cpu, 2), "wall": round(time.perf_counter() - wall, 2)}, result


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak() -> int:
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
