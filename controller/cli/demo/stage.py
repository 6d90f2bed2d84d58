"""What a demo needs: a farm of its own, a scratch clone of a tree, and a voice that says and checks."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from controller.cli.client import Client
from controller.cli.data_folder import read_note
from controller.cli.output import note, who
from controller.cli.watch import watch
from controller.domain.errors import FarmError, InvalidInputError, ServerError
from controller.services.answers.shapes import BatchView

RECIPES = Path(__file__).resolve().parents[3] / "recipes"
_PATIENCE = 60.0


class DemoError(FarmError):
    """A step of the demo was not as said."""


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
            start_new_session=True, env=_environment(), cwd=data,
        )  # fmt: skip
        try:
            with closing(_client(process, data)) as client:
                yield client
        finally:
            process.terminate()
            process.wait()


_KEPT = ("FARM_SOURCE_CACHE", "FARM_PASS_ENV")


def _environment() -> dict[str, str]:
    """The demo's farm knows nothing of another farm's settings: neither by the environment nor by a farm.toml."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("FARM_") or key in _KEPT}
    root = str(RECIPES.parent)
    path = os.pathsep.join([root, *filter(None, [own.get("PYTHONPATH")])])
    return own | {"FARM_TICK_SECONDS": "0.25", "PYTHONPATH": path}


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
            shutil.copytree(source, self.folder, dirs_exist_ok=True, ignore=_CACHES)

    def lay_below(self, source: Path) -> None:
        """Copy a folder into the tree under its own name."""
        shutil.copytree(source, self.folder / source.name, ignore=_CACHES)

    def run(self, *line: str) -> str:
        """Run a script of the recipes with this interpreter; answers what it prints. Raises DemoError."""
        return _run([sys.executable, *line], {})

    def commit(self, message: str) -> str:
        """Commit all; answers the commit."""
        self._git("add", "--all")
        self._git("-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "--quiet", "-m", message)
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        return _run(["git", "-C", str(self.folder), *arguments], _PLAIN_GIT)


_CACHES = shutil.ignore_patterns("__pycache__")
_PLAIN_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
"""Signing, hooks and templates of the person at the keyboard are no business of a scratch repository."""


def _run(line: list[str], more: dict[str, str]) -> str:
    done = subprocess.run(line, env=os.environ | more, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise DemoError(f"'{' '.join(line[:3])}' failed: {said[-2000:]}", remedy="The farm has no part in that.")
    return done.stdout.strip()


def push(client: Client, tree: Tree, message: str) -> BatchView:
    """Commit what lies in the tree, push it, show the plan, and watch the batch to its verdict."""
    tree.commit(message)
    return push_committed(client, tree)


def push_committed(client: Client, tree: Tree) -> BatchView:
    """Push what is committed, show the plan, and watch the batch to its verdict."""
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


def promote(client: Client, batch: BatchView, why: str) -> str:
    """Ask the gates, promote to stable, and check that all that was published is there. Answers the promotion."""
    preview = client.promote(batch.id, to="stable", who=who(), why=why, dry_run=True)
    say(f"   gates: {', '.join(f'{gate.gate}: {gate.verdict}' for gate in preview.gates)}")
    done = client.promote(batch.id, to="stable", who=who(), why=why, dry_run=False)
    check(f"promoted to stable@{done.snapshot}, files added", len(done.added), len(batch.published))
    return done.promotion


def summary(client: Client) -> None:
    """What there is now: each batch with its verdict, and each snapshot of stable."""
    say("\nWhat happened", style="bold")
    for batch in reversed(client.batches()):
        say(f"   {batch.id} {batch.state:<9} {batch.title}: {batch.verdict}")
    for shot in reversed(client.snapshots("stable")):
        if shot.number:
            what = f"{shot.act} {shot.batch}".strip()
            say(f"   stable@{shot.number} {what}: {shot.files} files, {shot.added} came, {shot.removed} went")


def names(batch: BatchView, kind: str) -> set[str]:
    """The recipes or packages that jobs of a kind are about."""
    return {job.name for job in batch.jobs if job.kind == kind}
