"""``farm channel``: list, snapshots."""

from typing import Annotated

import typer

from controller.cli.asking import asks
from controller.cli.output import Form, Output, show, table

app = typer.Typer(help="Channels and their numbered snapshots.", no_args_is_help=True)


@app.command("list")
@asks
def list_(context: typer.Context, output: Output = Form.TABLE) -> None:
    """Every channel with its current snapshot and the address clients use."""
    with context.obj.client() as client:
        items = client.channels()
        rows = [(c.name, c.snapshot, c.files, client.absolute(c.url)) for c in items]
    show(output, items, lambda: table(("CHANNEL", "SNAPSHOT", "FILES", "URL"), rows), [c.name for c in items])


@app.command()
@asks
def snapshots(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(help="A channel, as stable.")],
    output: Output = Form.TABLE,
) -> None:
    """A channel's snapshots, newest first. Each stays addressable as CHANNEL@NUMBER."""
    with context.obj.client() as client:
        items = client.snapshots(channel)
    rows = [
        (f"{s.channel}@{s.number}", "current" if s.current else "", s.act, s.files, s.added, s.removed, s.batch, s.who,
         s.why, s.at)
        for s in items
    ]  # fmt: skip
    columns = ("SNAPSHOT", "", "ACT", "FILES", "ADDED", "REMOVED", "BATCH", "WHO", "WHY", "AT")
    show(output, items, lambda: table(columns, rows), [f"{s.channel}@{s.number}" for s in items])
