"""Two packages that need each other to be built, really built: what is published knows nothing of the old ones."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.live_farm import LiveFarm, live_farm
from tests.kit.recipe_trees import commit, write_recipe

pytestmark = [
    pytest.mark.farm,
    pytest.mark.skipif(sys.platform == "win32" or shutil.which("sh") is None, reason="recipes of a POSIX shell"),
]
PAIR = ("blas", "lapack")


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[LiveFarm]:
    with live_farm(tmp_path, workers=2) as farm:
        yield farm


def write_pair(tree: Path, version: str) -> None:
    """Each writes down the version of the other that it was built with, and its test asks for the same."""
    for name, other in zip(PAIR, reversed(PAIR), strict=True):
        note = f'echo "with $(head -n 1 "$PREFIX/share/{other}.txt")" >> "$PREFIX/share/{name}.txt"'
        test = (f'grep -qx "with {version}" "$PREFIX/share/{name}.txt"',)
        write_recipe(tree, name, version=version, host=(other,), script=(note,), test=test)


def test_the_published_pair_was_built_with_nothing_from_before(farm: LiveFarm, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_recipe(tree, "blas")
    write_recipe(tree, "lapack", host=("blas",))
    commit(tree, "one after the other")
    assert farm.settled(farm.push(tree), 120)["state"] == "passed"
    write_pair(tree, "2.0")
    commit(tree, "each with the other")
    view = farm.settled(farm.push(tree), 180)
    assert view["state"] == "passed", json.dumps(view)[:3000]
    builds = sorted((job["name"], job["stage"]) for job in view["jobs"] if job["kind"] == "build")
    assert builds == [("blas", 0), ("blas", 1), ("lapack", 0), ("lapack", 1)]
    assert len(view["published"]) == 2
    assert all("_1.conda" in file for file in view["published"])
    assert "each is built twice" in view["circles"][0]
