"""Watching a batch: a live display in a terminal, plain lines elsewhere."""

import time
from typing import Self

from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from controller.cli.client import Client
from controller.cli.output import err
from controller.services.answers.shapes import BatchView, JobSummary

SETTLED = frozenset({"passed", "partial", "failed", "promoted", "restored", "cancelled"})
ENDED = frozenset({"passed", "failed", "unsolvable", "quarantined", "blocked", "cancelled"})
_EVERY = 0.4


def watch(client: Client, batch: str) -> BatchView:
    """The batch once it has its verdict; what happens until then is shown on stderr."""
    show = _Live() if err.is_terminal else _Lines()
    with show:
        while True:
            view = client.batch(batch)
            show.look(view)
            if view.state in SETTLED:
                break
            time.sleep(_EVERY)
    err.print(f"{view.id} {view.state}: {view.verdict}", markup=False)
    return view


def line_of(job: JobSummary) -> str:
    """A job's news in one line."""
    tail = f"  {job.failing_text or job.sentence}" if job.state not in {"passed", "running"} else ""
    return f"  {job.state:<11} {job.kind:<7} {job.name} ({job.subdir}){tail}"


class _Lines:
    """One line whenever a job ends."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def look(self, view: BatchView) -> None:
        """Say what ended since the last look."""
        for job in view.jobs:
            if job.state in ENDED and job.id not in self._said:
                self._said.add(job.id)
                err.print(line_of(job), markup=False)


class _Live(_Lines):
    """A bar and what runs now, below the lines of what ended."""

    def __init__(self) -> None:
        super().__init__()
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=err
        )
        self._task = self._bar.add_task("jobs", total=None)
        self._live = Live(self._bar, console=err, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *more: object) -> None:
        self._live.__exit__(None, None, None)

    def look(self, view: BatchView) -> None:
        """Say what ended, and redraw what runs."""
        super().look(view)
        running = ", ".join(f"{job.kind} {job.name}" for job in view.jobs if job.state == "running")
        done = sum(job.state in ENDED for job in view.jobs)
        self._bar.update(self._task, description=running or view.state, completed=done, total=len(view.jobs))
