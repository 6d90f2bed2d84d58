"""``farm failures``: list, expected, forget."""

from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.asking import asks
from controller.cli.batch import Why
from controller.cli.output import Form, Output, counted, show, table, tell, who

if TYPE_CHECKING:
    from controller.services.answers.case_shapes import ExpectationShape

app = typer.Typer(
    help="What is known to fail: by the farm, which does not run it again for some days, and by the trees.",
    no_args_is_help=True,
)


@app.command("list")
@asks
def list_(context: typer.Context, output: Output = Form.TABLE) -> None:
    """What failed for real and is not run again with the same inputs, newest first; then what trees expect to fail."""
    with context.obj.client() as client:
        items, known = client.failures(), client.expectations() if output is Form.TABLE else []
    rows = [(f.job, f.name, f.subdir, f.failure, f.line, f.until, f.spared) for f in items]
    columns = ("JOB", "PACKAGE", "SUBDIR", "CLASS", "LINE", "UNTIL", "SPARED")

    def say() -> None:
        table(columns, rows)
        _print_expected(known)

    show(output, items, say, [f.job for f in items])


def _print_expected(items: "list[ExpectationShape]") -> None:
    rows = [(f"{e.mark} {e.label}", e.name, e.subdir, e.kind, e.case, e.until or "", e.why, e.job) for e in items]
    if rows:
        tell("What trees expect to fail:")
        table(("STATE", "PACKAGE", "SUBDIR", "KIND", "CASE", "UNTIL", "WHY", "JOB"), rows)
    for passing in (item for item in items if item.state == "now_passes"):
        tell(f"{passing.name} ({passing.subdir}): {passing.sentence}")


@app.command()
@asks
def expected(context: typer.Context, output: Output = Form.TABLE) -> None:
    """What trees expect to fail, and how it came out last: what passes now first, for a person to take the line out."""
    with context.obj.client() as client:
        items = client.expectations()
    show(output, items, lambda: _print_expected(items), [e.name for e in items])


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
