"""``farm failures``: list, forget."""

from typing import Annotated

import typer

from controller.cli.asking import asks
from controller.cli.batch import Why
from controller.cli.output import Form, Output, counted, show, table, tell, who

app = typer.Typer(help="Builds that are known to fail, and are not run again for some days.", no_args_is_help=True)


@app.command("list")
@asks
def list_(context: typer.Context, output: Output = Form.TABLE) -> None:
    """What failed for real and is not run again with the same inputs, newest first."""
    with context.obj.client() as client:
        items = client.failures()
    rows = [(f.job, f.name, f.subdir, f.failure, f.line, f.until, f.spared) for f in items]
    columns = ("JOB", "PACKAGE", "SUBDIR", "CLASS", "LINE", "UNTIL", "SPARED")
    show(output, items, lambda: table(columns, rows), [f.job for f in items])


@app.command()
@asks
def forget(
    context: typer.Context,
    named: Annotated[str, typer.Argument(help="The job that failed, its recipe or its package.")],
    why: Why = "",
    output: Output = Form.TABLE,
) -> None:
    """Let what failed be tried again.

    Example: farm failures forget numpy --why "the compiler is mended"
    """
    with context.obj.client() as client:
        found = client.forget_failures(named, who=who(), why=why)
    show(output, found, lambda: tell(f"{counted(found.forgotten, 'failure')} forgotten"), [named])
