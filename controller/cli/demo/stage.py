"""What a demo needs: a farm of its own, a scratch clone of a tree, and a voice that says and checks."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from controller.cli.client import Client
from controller.cli.data_folder import read_note
from controller.cli.output import note
from controller.cli.watch import watch
from controller.domain.errors import FarmError, InvalidInputError, ServerError
from controller.services.answers.shapes import BatchView

RECIPES = Path(__file__).resolve().parents[3] / "recipes"
_PATIENCE = 60.0


class DemoError(FarmError):
    """A step of the demo was not as said."""

    code = "demo_failed"


def say(text: str, *, style: str = "") -> None:
    """A line on stderr, so that it stands among the progress of the batches."""
    note(text, style)


def step(number: int, text: str) -> None:
    """The head of a step."""
    say(f"\n{number}. {text}", style="bold")


def check(what: str, got: object, wanted: object) -> None:
    """Say that it is so. Raises DemoError when it is not."""
    if got != wanted:
        raise DemoError(f"{what}: expected {wanted!r}, got {got!r}.", remedy="The data folder is kept for a look.")
    say(f"   ok: {what}: {_short(wanted)}", style="green")


def _short(value: object) -> str:
    return ", ".join(sorted(map(str, value))) if isinstance(value, set | frozenset) else str(value)


def recipes(*names: str) -> list[Path]:
    """Folders below ``recipes/`` of a checkout. Raises InvalidInputError where there is none."""
    found = [RECIPES / name for name in names]
    if not all(path.is_dir() for path in found):
        raise InvalidInputError(
            f"The recipes of the demo are not at {RECIPES}.", remedy="Run it from a checkout of condafarm."
        )
    return found


@contextmanager
def running_farm(data: Path, workers: int) -> Iterator[Client]:
    """``farm up`` as a process of its own on a free port; stopped at the end, the data folder kept."""
    line = [sys.executable, "-m", "controller.cli.entry", "up", "--data", str(data), "--port", "0"]
    data.mkdir(parents=True, exist_ok=True)
    with (data / "up.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*line, "--workers", str(workers)], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            start_new_session=True, env=os.environ | {"FARM_TICK_SECONDS": "0.25"},
        )  # fmt: skip
        try:
            yield _client(process, data)
        finally:
            process.terminate()
            process.wait()


def _client(process: "subprocess.Popen[bytes]", data: Path) -> Client:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        url = read_note(data)
        if url:
            client = Client(url, (data / "admin-token").read_text(encoding="utf-8").strip())
            try:
                client.farm()
            except ServerError:
                client.close()
            else:
                return client
        time.sleep(0.1)
    raise DemoError("The farm did not start.", remedy=f"Read {data / 'up.log'}.")


class Tree:
    """A scratch git repository with a copy of some recipes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")

    def lay(self, sources: Sequence[Path]) -> None:
        """Copy folders' contents over the tree."""
        for source in sources:
            shutil.copytree(source, self.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))

    def lay_below(self, source: Path) -> None:
        """Copy a folder into the tree under its own name."""
        shutil.copytree(source, self.folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))

    def run(self, *line: str) -> None:
        """Run a script of the recipes with this interpreter."""
        subprocess.run([sys.executable, *line], check=True, capture_output=True)

    def commit(self, message: str) -> str:
        """Commit all; answers the commit."""
        self._git("add", "--all")
        self._git("-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "--quiet", "-m", message)
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments], check=True, capture_output=True, text=True
        )  # fmt: skip
        return done.stdout.strip()


def push(client: Client, tree: Tree, message: str) -> BatchView:
    """Commit what lies in the tree, push it, show the plan, and watch the batch to its verdict."""
    tree.commit(message)
    answer = client.push(str(tree.folder), None, None, "ana")
    show_plan(client.batch(answer.batch))
    return watch(client, answer.batch)


def show_plan(batch: BatchView) -> None:
    """The plan in a few lines: each rebuild and each retest with its reason."""
    builds = [job for job in batch.jobs if job.kind == "build"]
    retests = [job for job in batch.jobs if job.kind == "retest"]
    say(f"   plan of {batch.id}: {len(builds)} builds in {batch.waves} waves, {len(retests)} retests")
    for job in [*builds, *retests]:
        say(f"     {'rebuild' if job.kind == 'build' else 'retest ':<8} {job.name}: {_why(job.reason)}")


def _why(reason: object) -> str:
    return str(getattr(reason, "sentence", "") or getattr(reason, "rule", ""))


def names(batch: BatchView, kind: str) -> set[str]:
    """The recipes or packages that jobs of a kind are about."""
    return {job.name for job in batch.jobs if job.kind == kind}
