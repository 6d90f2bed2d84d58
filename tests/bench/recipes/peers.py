"""Cold reading of a bioconda tree beside bioconda-utils' loading and DAG of the same tree, in one run.

::

    python -m tests.bench.recipes.peers --bioconda DIR --python PY --pins FILE --pins FILE [--rounds 2]

``PY`` is a Python with bioconda-utils. The two alternate on one copy of the tree, each in a process of its own.
bioconda-utils expands Jinja with nothing known and ignores selectors, variants and pins; ours evaluates them and
renders by py-rattler-build.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.recipes.copies import copy_with_pins


def main() -> None:
    """Measure, print and write."""
    options = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch, "tree")
        copy_with_pins(options.bioconda, tree, options.pins, layout="recipe-dir")
        theirs = [str(options.python), str(Path(__file__).with_name("bioconda_utils_graph.py")), str(tree / "recipes")]
        ours = [sys.executable, "-m", "tests.bench.recipes.farm_reading", str(tree), options.subdir]
        runs = [(_run(theirs), _run(ours)) for _ in range(options.rounds)]
    _check(runs)
    figures = {"bioconda-utils": [run[0] for run in runs], "condafarm": [run[1] for run in runs], **_ratios(runs)}
    _show(figures)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({**figures, **_machine()}, indent=1), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bioconda", type=Path, required=True, help="a checkout of bioconda-recipes")
    parser.add_argument("--python", type=Path, required=True, help="a Python with bioconda-utils")
    parser.add_argument("--subdir", default="linux-64")
    parser.add_argument("--pins", type=Path, action="append", default=[], help="a pin file; later ones win")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("build/bench/peers.json"))
    return parser.parse_args()


def _run(command: list[str]) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {**found, "load": round(os.getloadavg()[0], 2)}


def _check(runs: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """A reading that refuses its tree is quick and worth nothing."""
    for theirs, ours in runs:
        if ours["refusals"] > theirs["recipes"] // 100:
            raise SystemExit(f"No comparison: {ours['refusals']} of {theirs['recipes']} recipes were refused.")


def _ratios(runs: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, float]:
    """Ours against theirs: medians of the runs."""
    return {
        f"{key} ratio": round(
            statistics.median(run[1][key] for run in runs) / statistics.median(run[0][key] for run in runs), 3
        )
        for key in ("cpu", "wall")
    }


def _show(figures: dict[str, Any]) -> None:
    for side in ("bioconda-utils", "condafarm"):
        for run in figures[side]:
            print(f"{side:15} {json.dumps(run)}")
    print(f"cpu ratio {figures['cpu ratio']}, wall ratio {figures['wall ratio']}")


def _machine() -> dict[str, Any]:
    return {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}


if __name__ == "__main__":
    main()
