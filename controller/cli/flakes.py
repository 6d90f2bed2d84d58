"""``farm flakes``: list."""

import typer

from controller.cli.asking import asks
from controller.cli.output import Form, Output, show, table

app = typer.Typer(help="Tests that come and go.", no_args_is_help=True)


@app.callback()
def flakes() -> None:
    """Tests that come and go."""


@app.command("list")
@asks
def list_(context: typer.Context, output: Output = Form.TABLE) -> None:
    """Tests that failed and passed when repeated alone on the same file, the most frequent first."""
    with context.obj.client() as client:
        items = client.flakes()
    rows = [(f.name, f.recipe, f.subdir, f.flakes, f.runs, f.line, f.job, f.at) for f in items]
    columns = ("PACKAGE", "RECIPE", "SUBDIR", "FLAKES", "RUNS", "LINE", "LAST", "AT")
    show(output, items, lambda: table(columns, rows), [f.name for f in items])
