"""What the farm adds to a build: the same recipes by py-rattler-build alone and through a whole farm, in one run.

Alone means what a careful person would script: one process per build and one per test run, as the farm
has, one after the other. The farm runs one worker, so both have the same parallelism. Printed as ratios,
written as JSON beside the others (``build/bench/overhead.json``).
"""

import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.kit.live_farm import live_farm
from tests.kit.recipe_trees import commit, write_recipe

_BUILD = """
import sys
from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, ToolConfiguration, VariantConfig
recipe, out, subdir = sys.argv[1:]
config = RenderConfig(platform=PlatformConfig(target_platform=subdir, build_platform=subdir, host_platform=subdir))
for variant in Stage0Recipe.from_file(recipe).render(VariantConfig(), config):
    print(variant.run_build(ToolConfiguration(test_strategy="skip"), output_dir=out, channels=[],
                            package_format="conda:3").packages[0])
"""
_TEST = """
import sys
from rattler_build import Package
package = Package.from_file(sys.argv[1])
assert all(package.run_test(i, channel=["file://" + sys.argv[2]]).success for i in range(len(package.tests)))
"""


def alone(tree: Path, names: list[str], out: Path, subdir: str) -> list[float]:
    """Seconds of build and test of each recipe by py-rattler-build alone."""
    took = []
    for name in names:
        began = time.perf_counter()
        recipe = str(tree / name / "recipe.yaml")
        done = _python(_BUILD, recipe, str(out), subdir)
        _python(_TEST, done.strip().splitlines()[-1], str(out))
        took.append(time.perf_counter() - began)
    return took


def _python(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def through_the_farm(tree: Path, folder: Path) -> tuple[float, dict[str, Any]]:
    """Seconds from the push to the verdict, and the batch."""
    with live_farm(folder, workers=1) as farm:
        warm = farm.push(_one_more(folder))
        farm.settled(warm)
        began = time.perf_counter()
        view = farm.settled(farm.push(tree), 600)
        return time.perf_counter() - began, view


def _one_more(folder: Path) -> Path:
    tree = folder / "warm"
    write_recipe(tree, "warm-up")
    commit(tree, "so that the first build's caches are not part of the figure")
    return tree


def main(recipes: int = 10, seconds: float = 1.0) -> None:
    """Measure, print and write."""
    from controller.gateways.machine import native_subdir

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        tree, names = folder / "tree", [f"pkg{number}" for number in range(recipes)]
        for name in names:
            write_recipe(tree, name, script=(f"sleep {seconds}",))
        commit(tree, "recipes that each take a known time")
        bare = alone(tree, names, folder / "out", native_subdir())
        whole, view = through_the_farm(tree, folder)
    figures = {
        "recipes": recipes, "script_seconds": seconds, "verdict": view["state"],
        "alone_seconds": round(sum(bare), 3), "alone_median": round(statistics.median(bare), 3),
        "farm_seconds": round(whole, 3), "overhead_seconds_per_build": round((whole - sum(bare)) / recipes, 3),
        "ratio": round(whole / sum(bare), 3), "machine": f"{platform.machine()} {platform.system()}",
        "python": platform.python_version(),
    }  # fmt: skip
    target = Path("build/bench/overhead.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
