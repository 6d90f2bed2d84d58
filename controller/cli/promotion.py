"""``farm promotion``: list, restore."""

from typing import Annotated

import typer

from controller.cli.asking import asks
from controller.cli.batch import Dry, Why, Yes, figures_of, print_move
from controller.cli.output import Form, Output, confirm, show, table, who

app = typer.Typer(help="Moves of testing and stable, and the way back.", no_args_is_help=True)


@app.command("list")
@asks
def list_(context: typer.Context, output: Output = Form.TABLE) -> None:
    """The last moves, newest first."""
    with context.obj.client() as client:
        items = client.promotions()
    rows = [(p.id, p.act, p.batch, p.added, p.removed, p.who, p.why, p.at) for p in items]
    columns = ("MOVE", "ACT", "BATCH", "ADDED", "REMOVED", "WHO", "WHY", "AT")
    show(output, items, lambda: table(columns, rows), [p.id for p in items])


@app.command()
@asks
def restore(
    context: typer.Context,
    promotion: Annotated[str, typer.Argument(help="A promotion, as stable@4.")],
    why: Why = "",
    yes: Yes = False,
    dry_run: Dry = False,
    output: Output = Form.TABLE,
) -> None:
    """Take a promotion back in one act: the channel gets the content from before it.

    Example: farm promotion restore stable@4 --why "numexpr crashes on start"
    """
    with context.obj.client() as client:
        preview = client.restore(promotion, who=who(), why=why, dry_run=True)
        if not dry_run:
            confirm(f"Take {promotion} back: {figures_of(preview)}?", yes=yes)
            preview = client.restore(promotion, who=who(), why=why, dry_run=False)
    show(output, preview, lambda: print_move(preview), [f"{preview.channel}@{preview.snapshot or preview.base}"])
