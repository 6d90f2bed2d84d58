"""``farm worker``: run, list, resume."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.asking import asks
from controller.cli.batch import Why
from controller.cli.output import Form, Output, show, table, tell, who

app = typer.Typer(help="Workers: run one here, list those the farm knows.", no_args_is_help=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def run(context: typer.Context) -> None:
    """Run a worker here; all options are those of `farm-worker run`.

    Beside a running farm nothing need be said: server, broker and token are found in its data folder.

    Example: farm worker run --server http://farm:8440 --broker redis://farm:6379/0 --pool auto --token-file token
    """
    line = [sys.executable, "-m", "workers.agent", "run", *context.args]
    environment = found_beside(context.obj.folder) | dict(os.environ)
    os.execve(sys.executable, line, environment)  # noqa: S606 -- the worker takes this process's place


def found_beside(data: Path) -> dict[str, str]:
    """What a worker needs to know, as far as a running farm left it in its data folder."""
    from controller.cli.data_folder import read_note
    from controller.gateways.broker import EmbeddedBroker

    url = read_note(data)
    if url is None:
        return {}
    found = {"FARM_SERVER": url, "FARM_WORKER_TOKEN_FILE": str(data / "worker-token"),
             "FARM_WORK_DIR": str(data / "workers")}  # fmt: skip
    broker = EmbeddedBroker(data)
    return found | ({"FARM_BROKER": broker.url} if broker.answers() else {})


@app.command("list")
@asks
def list_(context: typer.Context, output: Output = Form.TABLE) -> None:
    """Every worker that the farm knows, and what it does."""
    with context.obj.client() as client:
        items = client.workers()
    rows = [
        (w.name, w.state, ", ".join(w.pools), w.job, w.host, w.system, w.cores, w.version, w.seen_at) for w in items
    ]
    columns = ("WORKER", "STATE", "POOLS", "JOB", "HOST", "SYSTEM", "CORES", "VERSION", "SEEN")

    def say() -> None:
        table(columns, rows)
        for worker in items:
            if worker.drained:
                tell(f"{worker.name} gets no more work: {worker.drained}. Mended? farm worker resume {worker.name}")

    show(output, items, say, [w.name for w in items])


@app.command()
@asks
def resume(
    context: typer.Context,
    worker: Annotated[str, typer.Argument(help="A worker, as `farm worker list` names it.")],
    why: Why = "",
    output: Output = Form.TABLE,
) -> None:
    """Give a worker work again that the farm drained since it lost whatever it was given.

    Example: farm worker resume lin-01 --why "new disk"
    """
    with context.obj.client() as client:
        found = client.resume_worker(worker, who=who(), why=why)
    show(output, found, lambda: tell(f"{found.name} is {found.state}"), [found.name])
