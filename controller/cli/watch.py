"""Watching a batch: a live display in a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable
from typing import Self

from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from controller.cli.client import Client
from controller.cli.output import err, note, plain
from controller.domain import jobs as domain
from controller.domain.errors import ServerError
from controller.services.answers.shapes import BatchView, JobSummary

SETTLED = frozenset({"passed", "partial", "failed", "promoted", "restored", "cancelled"})
ENDED = frozenset(state.value for state in domain.ENDED)
_EVERY = 0.4
_SHARE = 5.0
"""A look that took long is followed by a pause this many times longer: watching must not load the controller."""
_PATIENCE = 300.0
"""Seconds for which a controller that does not answer is waited for: it may be starting again."""
Pause = Callable[[float], None]


def watch(client: Client, batch: str, pause: Pause = time.sleep) -> BatchView:
    """The batch once it has its verdict; what happens until then is shown on stderr. Raises FarmError."""
    show = _Live() if err.is_terminal else _Lines()
    look = _Looks(client, batch, pause)
    with show:
        view = look()
        show.look(view)
        while view.state not in SETTLED:
            pause(max(_EVERY, _SHARE * look.took))
            view = look()
            show.look(view)
    note(f"{view.id} {view.state}: {view.verdict}")
    return view


class _Looks:
    """Looks at a batch; a controller that went away is waited for. The first look is not patient."""

    def __init__(self, client: Client, batch: str, pause: Pause) -> None:
        self._client, self._batch, self._pause = client, batch, pause
        self._patience = 0.0
        self.took = 0.0

    def __call__(self) -> BatchView:
        began = asked = time.monotonic()
        while True:
            try:
                view = self._client.batch(self._batch)
            except ServerError as error:
                if asked - began >= self._patience:
                    raise
                if asked == began:
                    note(f"  {error.what} Waiting for it.")
                self._pause(1.0)
            else:
                self.took, self._patience = time.monotonic() - asked, _PATIENCE
                return view
            asked = time.monotonic()


def line_of(job: JobSummary) -> str:
    """A job's news in one line."""
    tail = f"  {job.failing_text or job.sentence}" if job.state not in {"passed", "running"} else ""
    return f"  {job.state:<11} {job.kind:<7} {job.name} ({job.subdir}){tail}"


class _Lines:
    """One line whenever a job ends, and one when the whole batch waits for a person."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._held = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def look(self, view: BatchView) -> None:
        """Say what ended since the last look; a job that is tried again may end again."""
        if view.state == "held" and not self._held:
            note(f"  {view.verdict} Let it run: farm batch release {view.id}")
        self._held = view.state == "held"
        ended = [job for job in view.jobs if job.state in ENDED]
        for job in ended:
            if job.id not in self._said:
                note(line_of(job))
        self._said = {job.id for job in ended}


class _Live(_Lines):
    """A bar and what runs now, below the lines of what ended."""

    def __init__(self) -> None:
        super().__init__()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=err,
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
        self._bar.update(self._task, description=plain(running or view.state), completed=done, total=len(view.jobs))
