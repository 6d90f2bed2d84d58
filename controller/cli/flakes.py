"""``farm flakes``: list, quarantined, quarantine, release."""

from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.asking import asks
from controller.cli.output import Form, Output, counted, show, table, tell, who
from controller.cli.pausing import end_of

if TYPE_CHECKING:
    from controller.services.answers.case_shapes import QuarantineShape

app = typer.Typer(help="Tests that come and go, and those that are quarantined for it.", no_args_is_help=True)

_Package = Annotated[str, typer.Argument(help="A package, as numpy.")]
_Case = Annotated[str, typer.Argument(help="One case of its tests, as test_linalg::test_solve; else the whole test.")]
_Subdir = Annotated[str, typer.Option("--subdir", help="Only there, as linux-64; else everywhere.")]
_Reason = Annotated[str, typer.Option("--why", help="The reason; it is asked for.")]
_Until = Annotated[
    str,
    typer.Option("--until", help="When it ends: 90m, 4h, 2d, or 2026-12-01T08:00+00:00; else by the settings."),
]


@app.callback()
def flakes() -> None:
    """Tests that come and go, and those that are quarantined for it."""


@app.command("list")
@asks
def list_(context: typer.Context, output: Output = Form.TABLE) -> None:
    """Tests and cases that failed and passed when repeated alone on the same file, the most frequent first."""
    with context.obj.client() as client:
        items = client.flakes()
    rows = [
        (f.name, f.case or "all of it", f.recipe, f.subdir, f.flakes, f.runs, f"{f.recent} of {f.recent_runs}",
         "yes" if f.quarantined else "", f.line, f.job, f.at)
        for f in items
    ]  # fmt: skip
    columns = ("PACKAGE", "CASE", "RECIPE", "SUBDIR", "FLAKES", "RUNS", "LATELY", "QUARANTINED", "LINE", "LAST", "AT")
    show(output, items, lambda: table(columns, rows), [f.name for f in items])


@app.command()
@asks
def quarantined(context: typer.Context, output: Output = Form.TABLE) -> None:
    """Tests and cases whose failures break nothing for a while, the oldest first."""
    with context.obj.client() as client:
        items = client.quarantines()
    rows = [
        (q.name, q.case or "all of it", q.subdir or "all", q.author, q.since, q.until, q.clean, q.reason)
        for q in items
    ]  # fmt: skip
    columns = ("PACKAGE", "CASE", "SUBDIR", "BY", "SINCE", "UNTIL", "CLEAN RUNS", "WHY")
    show(output, items, lambda: table(columns, rows), [q.name for q in items])


@app.command()
@asks
def quarantine(
    context: typer.Context, package: _Package, case: _Case = "", subdir: _Subdir = "", why: _Reason = "",
    until: _Until = "", output: Output = Form.TABLE,
) -> None:  # fmt: skip
    """Let a test, or one case of it, fail for a while without breaking anything.

    Example: farm flakes quarantine numpy test_linalg::test_solve --subdir osx-64 --why "issue 12" --until 14d
    """
    with context.obj.client() as client:
        found = client.quarantine(package, case, subdir, who=who(), why=why, end=end_of(until))
    show(output, found, lambda: tell(f"{_name(found)}: {found.sentence}"), [found.name])


@app.command()
@asks
def release(
    context: typer.Context, package: _Package, case: _Case = "", subdir: _Subdir = "", why: _Reason = "",
    output: Output = Form.TABLE,
) -> None:  # fmt: skip
    """Let failures count again: of one case, or of all that is quarantined of a package.

    Example: farm flakes release numpy --why "mended in 2.3.1"
    """
    with context.obj.client() as client:
        found = client.release_quarantine(package, case, subdir, who=who(), why=why)
    show(output, found, lambda: tell(f"{counted(found.released, 'quarantine')} released"), [package])


def _name(entry: "QuarantineShape") -> str:
    return " ".join(part for part in (entry.name, entry.case, entry.subdir) if part)
