"""What every history begins with: small trees, all of whose recipes were built once; made once, copied for each.

A stage is drawn from its number alone. Trees never change, so their mirror and their readings are shared.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from controller.domain.recipes import RecipeReading
from controller.gateways.recent import RecentReadings
from controller.gateways.trees import Trees
from controller.services import intake, promotion
from controller.services.farm import Rules
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker
from workers.contract.jobs import Limits

STAGES = 6
RULES = Rules(
    subdirs=("linux-64",), noarch_pool="linux-64", lease_seconds=60.0, tick_seconds=10.0, max_attempts=3, leader_seconds=30.0,
    circuit_breaker_times=0.0, build=Limits(total_seconds=900.0), test=Limits(total_seconds=600.0),
)  # fmt: skip


@cache
def scratch() -> Path:
    """A folder in memory where there is one: a disk's pace is no part of a history."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="farm-simulate-", dir=memory if os.access(memory, os.W_OK) else None))


def clean() -> None:
    """Remove what all histories left."""
    shutil.rmtree(scratch(), ignore_errors=True)
    scratch.cache_clear()
    stage.cache_clear()


class KeptTrees(Trees):
    """Trees whose commits are known: what was asked once is answered from memory."""

    def resolve(self, url: str, rev: str | None) -> str:
        return rev if rev and len(rev) == 40 else super().resolve(url, rev)

    def summary(self, url: str, commit: str) -> tuple[str, str]:
        return f"commit {commit[:7]}", "ana"


@dataclass(frozen=True)
class Stage:
    """A folder with the database and the store as they begin, and the commits that may be pushed."""

    folder: Path
    tree: str
    commits: tuple[str, ...]
    trees: Trees
    readings: Mapping[str, RecipeReading]

    def known(self) -> RecentReadings:
        """The readings of all commits, for a controller that begins."""
        recent = RecentReadings()
        recent.keep(self.readings)
        return recent


@cache
def stage(number: int) -> Stage:
    """Stage ``number`` of ``STAGES``: everything was built, published and promoted."""
    rng, folder = Random(number), scratch() / f"stage-{number}"
    tree = folder / "tree"
    _write(tree, rng)
    with _dated():
        first = commit(tree, "all begin")
    farm = make_farm(folder, rules=RULES)
    farm.trees = trees = KeptTrees(folder / "trees")
    trees.resolve(str(tree), None)
    batch = intake.push(farm, str(tree), first, who="ana", at_once=True).batch
    SimulatedWorker(farm).finish()
    promotion.promote(farm, batch, who="eva")
    with _dated():
        commits = tuple(_change(tree, rng, turn) for turn in range(6))
    trees.resolve(str(tree), None)
    for each in commits:  # read once: their readings are kept in memory
        intake.preview(farm, str(tree), each)
    farm.close()
    return Stage(folder, str(tree), commits, trees, dict(farm.readings._known))


_EXPORTS = {"lib": ("lib >=1.0,<2",), "mid": ("mid >=1.0,<2",)}


def _write(tree: Path, rng: Random) -> None:
    if rng.random() < 0.5:
        tree.mkdir(parents=True, exist_ok=True)
        (tree / "farm.toml").write_text("[tree.policy]\ncoalesce_seconds = 40\n")
    write_recipe(tree, "lib", exports=_EXPORTS["lib"])
    write_recipe(tree, "mid", host=("lib",), run=("lib >=1",), exports=_EXPORTS["mid"])
    write_recipe(tree, "leaf", host=("mid",), run=("mid >=1",))
    write_recipe(tree, "app", run=("lib >=1",))
    if rng.random() < 0.5:
        write_recipe(tree, "solo")
    if rng.random() < 0.5:
        write_recipe(tree, "twin", host=("lib", "mid"))


def _change(tree: Path, rng: Random, turn: int) -> str:
    """One more commit: some recipe says something else."""
    for name in rng.sample(["lib", "mid", "leaf", "app"], rng.choice([1, 1, 1, 2])):
        more = {
            "lib": {"exports": _EXPORTS["lib"]},
            "mid": {"host": ("lib",), "run": ("lib >=1",), "exports": _EXPORTS["mid"]},
            "leaf": {"host": ("mid",), "run": ("mid >=1",)},
            "app": {"run": ("lib >=1",)},
        }[name]
        version = f"1.{turn + 1}" if rng.random() < 0.3 else "1.0"
        write_recipe(tree, name, version=version, script=(f"# turn {turn}",), **more)
    return commit(tree, f"turn {turn}")


@contextmanager
def _dated() -> Iterator[None]:
    """Commits of one content have one name, whenever they are made."""
    names = ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "2026-11-23T12:00:00+00:00"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
