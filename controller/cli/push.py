"""``farm push``."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from controller.cli.asking import Context
from controller.cli.client import Client
from controller.cli.output import WATCHED_FAILED, Form, note, show, tell, who
from controller.cli.watch import watch as watch_batch
from controller.services.answers.shapes import PushAnswer

_SOONEST, _LATEST = 1.0, 30.0
"""Seconds between two questions whether a batch was opened."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What is pushed: an address or a folder of this machine, a revision of it, and what the change is."""

    tree: str
    rev: str | None
    message: str | None
    priority: str = "normal"
    at_once: bool = False

    @property
    def where(self) -> str:
        """A folder in full, since the controller stands somewhere else."""
        return str(Path(self.tree).resolve()) if Path(self.tree).exists() else self.tree


def _push(client: Client, pushed: Pushed) -> PushAnswer:
    return client.push(pushed.where, pushed.rev, pushed.message, who(), pushed.priority, at_once=pushed.at_once)


def _once_opened(client: Client, pushed: Pushed, answer: PushAnswer) -> PushAnswer:
    """The same push asked again until it has its batch."""
    while not answer.batch:
        time.sleep(min(max(answer.waits_seconds, _SOONEST), _LATEST))
        answer = _push(client, pushed)
    return answer


def _rev(answer: PushAnswer) -> str | None:
    """What was pushed, and not what is there by now; a plain folder has no such name."""
    return None if answer.commit.startswith("folder-") else answer.commit


def run(context: Context, pushed: Pushed, *, watch: bool, exit_status: bool, form: Form) -> None:
    """Push, say what became of it, and stay if asked."""
    with context.client() as client:
        answer = _push(client, pushed)
        if not answer.batch:
            said = f"{answer.change}: {answer.sentence}; `farm push --now` opens its batch at once"
            if not watch:
                show(form, answer, lambda: tell(said), [answer.change])
                return
            note(said)
            answer = _once_opened(client, replace(pushed, rev=_rev(answer)), answer)
        again = " (pushed before; this is its batch)" if answer.again else ""
        said = f"{answer.batch}: {answer.jobs} jobs, {answer.state}{again}"
        show(form, answer, lambda: tell(said), [answer.batch])
        note(f"{client.url}/batches/{answer.batch}")
        if not watch:
            return
        found = watch_batch(client, answer.batch)
    if exit_status and found.state not in {"passed", "promoted"}:
        raise typer.Exit(WATCHED_FAILED)
