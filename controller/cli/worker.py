"""``farm worker``: run, list."""

import os
import sys

import typer

from controller.cli.output import Form, Output, show, table

app = typer.Typer(help="Workers: run one here, list those the farm knows.", no_args_is_help=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def run(context: typer.Context) -> None:
    """Run a worker here; all options are those of `farm-worker run`.

    Example: farm worker run --server http://farm:8440 --broker redis://farm:6379/0 --pool auto --token-file token
    """
    line = [sys.executable, "-m", "workers.agent", "run", *context.args]
    os.execv(sys.executable, line)  # noqa: S606 -- the worker takes this process's place, as its own command would


@app.command("list")
def list_(context: typer.Context, output: Output = Form.TABLE) -> None:
    """Every worker that the farm knows, and what it does."""
    with context.obj.client() as client:
        items = client.workers()
    rows = [
        (w.name, w.state, ", ".join(w.pools), w.job, w.host, w.system, w.cores, w.version, w.seen_at) for w in items
    ]
    columns = ("WORKER", "STATE", "POOLS", "JOB", "HOST", "SYSTEM", "CORES", "VERSION", "SEEN")
    show(output, items, lambda: table(columns, rows), [w.name for w in items])
