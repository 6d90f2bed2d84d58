"""``farm upstream``: list, check."""

from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.asking import asks
from controller.cli.output import Form, Output, show, table, tell

if TYPE_CHECKING:
    from controller.services.answers.upstream_shapes import MoveShape, UpstreamView

app = typer.Typer(help="Watched channels, and what moved in them.", no_args_is_help=True)


@app.command("list")
@asks
def list_(context: typer.Context, output: Output = Form.TABLE) -> None:
    """Every watched channel as it was last seen, what moved lately, and which batch came of it."""
    with context.obj.client() as client:
        found = client.upstream()
    _show(output, found)


@app.command()
@asks
def check(
    context: typer.Context,
    now: Annotated[bool, typer.Option("--now", help="Ask also those that are not due.")] = False,
    output: Output = Form.TABLE,
) -> None:
    """Look at the watched channels that are due, and follow what moved there.

    Example: farm upstream check --now
    """
    with context.obj.client() as client:
        found = client.check_upstream(now=now)
    _show(output, found)


def _show(form: Form, found: "UpstreamView") -> None:
    show(form, found, lambda: _print(found), list(dict.fromkeys(move.batch for move in found.moves if move.batch)))


def _print(found: "UpstreamView") -> None:
    if not found.channels:
        tell("No channel is watched: name one in a table [[watch]] of farm.toml.")
        return
    rows = [(c.channel, c.subdir, c.files, c.followed, c.seen_at or "never", c.error) for c in found.channels]
    table(("CHANNEL", "SUBDIR", "FILES", "IN USE", "SEEN", "ERROR"), rows)
    print_moves(found.moves)


def print_moves(moves: "tuple[MoveShape, ...]") -> None:
    """What moved, for people."""
    rows = [
        (m.name, m.subdir, m.before or "new", m.after, m.channel, m.batch or m.label, m.note) for m in moves
    ]  # fmt: skip
    if rows:
        table(("PACKAGE", "SUBDIR", "FROM", "TO", "CHANNEL", "CAME OF IT", "WHY"), rows)
