"""Reading a tree as a push does: cold, again after one recipe changed, and in a new process on the same database.

::

    python -m tests.bench.recipes.again --tree DIR --pins FILE --pins FILE [--subdir linux-64]

The tree is copied into a git repository of its own, with the pin files and a ``farm.toml`` that names them. Each step
is a process of its own; its seconds are those from the open farm to the whole reading, clone or fetch included.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.recipes.copies import copy_with_pins
from tests.bench.recipes.ours import OLD_FILE, recipes_below


def main() -> None:
    """Measure, print and write."""
    options = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        tree, data = Path(scratch) / "tree", Path(scratch) / "data"
        data.mkdir()
        _copy(options, tree)
        figures = {"cold": _step(tree, data, options.subdir)}
        figures["nothing changed, new process"] = _step(tree, data, options.subdir)
        _change(tree)
        figures["one recipe changed"] = _step(tree, data, options.subdir)
        figures["after that, new process"] = _step(tree, data, options.subdir)
    for name, figure in figures.items():
        print(f"{name:30} {json.dumps(figure)}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--subdir", default="linux-64")
    parser.add_argument("--pins", type=Path, action="append", default=[], help="a pin file; later ones win")
    parser.add_argument("--out", type=Path, default=Path("build/bench/again.json"))
    return parser.parse_args()


def _copy(options: argparse.Namespace, tree: Path) -> None:
    copy_with_pins(options.tree, tree, options.pins)
    _git(tree, "init", "-q")
    _commit(tree)


def _change(tree: Path) -> None:
    recipe = next(recipe for recipe in recipes_below(tree) if (tree / recipe / OLD_FILE).is_file())
    with (tree / recipe / OLD_FILE).open("a", encoding="utf-8") as text:
        text.write("\n# changed\n")
    _commit(tree)


def _commit(tree: Path) -> None:
    _git(tree, "add", "-A", "-f")
    _git(tree, "-c", "user.name=b", "-c", "user.email=b@example.org", "-c", "gc.auto=0", "commit", "-qm", "a state")


def _git(tree: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(tree), *arguments], check=True, stdout=subprocess.DEVNULL)


def _step(tree: Path, data: Path, subdir: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.recipes.again", "step", str(tree), str(data), subdir]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figure: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figure


def step(tree: str, data: str, subdir: str) -> None:
    """One reading by an open farm, in this process."""
    from controller.services.farm import Rules
    from controller.services.readings import read
    from tests.kit.farms import make_farm

    farm = make_farm(Path(data), rules=Rules(subdirs=(subdir,), noarch_pool=subdir))
    cpu, wall = _cpu(), time.perf_counter()
    reading, _ = read(farm, tree, farm.trees.resolve(tree, None))
    spent = {"cpu": round(_cpu() - cpu, 2), "wall": round(time.perf_counter() - wall, 2)}
    found = {"outputs": len(reading.outputs), "refusals": len(reading.refusals), "skipped": len(reading.skipped)}
    print(json.dumps({**spent, **found, "rss MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    if sys.argv[1:2] == ["step"]:
        step(*sys.argv[2:])
    else:
        main()
