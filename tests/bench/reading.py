"""How long a farm takes to know what a tree says: cold, after one changed recipe, and after a restart.

    python tests/bench/reading.py --tree REPOSITORY --rev master --json figures.json

The tree is cloned, so that a changed recipe can be committed; ``--pins`` adds pin files at its root.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from controller.gateways import parallel
from controller.gateways.blobs import Blobs
from controller.gateways.logs import Logs
from controller.gateways.trees import Trees
from controller.gateways.uploads import Uploads
from controller.services import readings
from controller.services.farm import Farm, Rules
from controller.storage import schema
from controller.storage.database import Database

_NAME = {"GIT_AUTHOR_NAME": "bench", "GIT_AUTHOR_EMAIL": "bench@example.org"}
_NAME |= {"GIT_COMMITTER_NAME": "bench", "GIT_COMMITTER_EMAIL": "bench@example.org"}


def main() -> None:
    asked = _arguments()
    if asked.step:
        print(json.dumps(_timed(Path(asked.step), asked.commit, asked.processes, asked.subdirs)))
        return
    with tempfile.TemporaryDirectory(prefix="bench-reading-") as scratch:
        figures = _measured(Path(scratch), asked)
    text = json.dumps(figures, indent=2)
    print(text)
    if asked.json:
        Path(asked.json).write_text(text + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree")
    parser.add_argument("--rev", default="HEAD")
    parser.add_argument("--pins", nargs="*", default=[])
    parser.add_argument("--subdirs", nargs="*", default=["linux-64"])
    parser.add_argument("--processes", nargs="*", type=int, default=[1, parallel.cores()])
    parser.add_argument("--json")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--commit", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(scratch: Path, asked: argparse.Namespace) -> dict[str, object]:
    """Every step in a process of its own, as after a restart; ``push`` is a second push in the same process."""
    tree = _clone(scratch, asked)
    first = _git(tree, "rev-parse", "HEAD")
    second = _changed(tree)
    figures: dict[str, object] = {"cores": parallel.cores(), "subdirs": asked.subdirs}
    for processes in dict.fromkeys(asked.processes):
        shutil.rmtree(scratch / "farm", ignore_errors=True)
        figures[f"cold, {processes} processes"] = _step(scratch, [first], processes, asked.subdirs)
    figures["restart, nothing changed"] = _step(scratch, [first], 0, asked.subdirs)
    figures["running, then one recipe changed"] = _step(scratch, [first, second], 0, asked.subdirs)
    return figures


def _step(scratch: Path, commits: list[str], processes: int, subdirs: list[str]) -> object:
    command = [sys.executable, __file__, "--step", str(scratch), "--commit", ",".join(commits), "--subdirs", *subdirs]
    done = subprocess.run([*command, "--processes", str(processes)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def _timed(scratch: Path, commits: str, processes: list[int], subdirs: list[str]) -> list[dict[str, object]]:
    """What each commit took, in this one process."""
    if processes and processes[0]:
        parallel.cores = lambda: processes[0]
    farm = _farm(scratch / "farm", tuple(subdirs))
    told = []
    for commit in commits.split(","):
        farm.trees.resolve(str(scratch / "tree"), commit)
        wall, cpu = time.perf_counter(), _cpu()
        reading, _ = readings.read(farm, str(scratch / "tree"), commit)
        told.append(
            {
                "wall_s": round(time.perf_counter() - wall, 3), "cpu_s": round(_cpu() - cpu, 3),
                "outputs": len(reading.outputs), "refusals": len(reading.refusals), "skipped": len(reading.skipped),
                "unbuildable": sum(bool(output.unbuildable) for output in reading.outputs),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "peak_of_a_child_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
            }
        )  # fmt: skip
    farm.close()
    return told


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _farm(data: Path, subdirs: tuple[str, ...]) -> Farm:
    data.mkdir(parents=True, exist_ok=True)
    database = Database(f"sqlite:///{data / 'farm.sqlite3'}")
    schema.upgrade(database)
    blobs = Blobs(data / "store")
    return Farm(
        database=database, blobs=blobs, shard_blobs=Blobs(data / "shards"), uploads=Uploads(data / "uploads", blobs),
        logs=Logs(data / "logs"), trees=Trees(data / "trees"), bells=_Silent(),
        rules=Rules(subdirs=subdirs, noarch_pool=subdirs[0]), now=lambda: datetime.now(UTC), new_token=str,
    )  # fmt: skip


class _Silent:
    def outstanding(self, pool: str) -> int | None:  # noqa: ARG002 -- as the broker has it
        return 0

    def ring(self, pool: str, times: int) -> int:  # noqa: ARG002
        return times

    def close(self) -> None: ...


def _clone(scratch: Path, asked: argparse.Namespace) -> Path:
    """A repository of one's own at the revision, without a work tree: big files need not be there."""
    tree = scratch / "tree"
    shutil.copytree(asked.tree, tree)
    _git(tree, "update-ref", "--no-deref", "HEAD", _git(tree, "rev-parse", asked.rev))
    for pins in asked.pins:
        _commit(tree, Path(pins).name, Path(pins).read_bytes())
    return tree


def _changed(tree: Path) -> str:
    """One recipe with one more line."""
    paths = _git(tree, "ls-tree", "-r", "--name-only", "HEAD", "recipes").splitlines()
    recipe = next(path for path in paths if path.endswith(("/meta.yaml", "/recipe.yaml")))
    text = _git(tree, "show", f"HEAD:{recipe}")
    return _commit(tree, recipe, f"{text}\n# one more line\n".encode())


def _commit(tree: Path, path: str, data: bytes) -> str:
    blob = _git(tree, "hash-object", "-w", "--stdin", told=data)
    index = {"GIT_INDEX_FILE": str(tree / "bench-index")}
    _git(tree, "read-tree", "HEAD", environment=index)
    _git(tree, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", environment=index)
    made = _git(tree, "write-tree", "--missing-ok", environment=index)
    commit = _git(tree, "commit-tree", made, "-p", "HEAD", "-m", f"bench: {path}")
    _git(tree, "update-ref", "--no-deref", "HEAD", commit)
    return commit


def _git(tree: Path, *arguments: str, told: bytes = b"", environment: dict[str, str] | None = None) -> str:
    command = ["git", "--git-dir", str(tree), *arguments]
    done = subprocess.run(
        command, check=True, capture_output=True, input=told, env=os.environ | _NAME | (environment or {})
    )
    return done.stdout.decode().strip()


if __name__ == "__main__":
    main()
