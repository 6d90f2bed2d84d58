"""``farm push``."""

from dataclasses import dataclass
from pathlib import Path

import typer

from controller.cli.asking import Context
from controller.cli.output import WATCHED_FAILED, Form, note, show, tell, who
from controller.cli.watch import watch as watch_batch


@dataclass(frozen=True, slots=True)
class Pushed:
    """What is pushed: an address or a folder of this machine, a revision of it, and what the change is."""

    tree: str
    rev: str | None
    message: str | None
    priority: str = "normal"

    @property
    def where(self) -> str:
        """A folder in full, since the controller stands somewhere else."""
        return str(Path(self.tree).resolve()) if Path(self.tree).exists() else self.tree


def run(context: Context, pushed: Pushed, *, watch: bool, exit_status: bool, form: Form) -> None:
    """Push, say what became of it, and stay if asked."""
    with context.client() as client:
        answer = client.push(pushed.where, pushed.rev, pushed.message, who(), pushed.priority)
        again = " (pushed before; this is its batch)" if answer.again else ""
        said = f"{answer.batch}: {answer.jobs} jobs, {answer.state}{again}"
        show(form, answer, lambda: tell(said), [answer.batch])
        note(f"{client.url}/batches/{answer.batch}")
        if not watch:
            return
        found = watch_batch(client, answer.batch)
    if exit_status and found.state not in {"passed", "promoted"}:
        raise typer.Exit(WATCHED_FAILED)
