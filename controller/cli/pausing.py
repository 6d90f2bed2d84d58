"""``pause`` and ``resume`` of a batch, a recipe and a pool; ``farm pool list`` and ``farm paused``."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.asking import asks
from controller.cli.output import Form, Output, show, table, tell, who
from controller.domain.errors import InvalidInputError
from controller.domain.pauses import PauseKind

if TYPE_CHECKING:
    from controller.services.answers.shapes import PauseShape

pools = typer.Typer(help="Pools: who serves them, what waits for them, and whether they are paused.",
                    no_args_is_help=True)  # fmt: skip

_Why = Annotated[str, typer.Option("--why", help="The reason, for the record.")]
_Until = Annotated[
    str, typer.Option("--until", help="When it ends by itself: 90m, 4h, 2d, or 2026-12-01T08:00+00:00; else never.")
]
_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_HELP = {
    PauseKind.BATCH: "A batch, as B-7.",
    PauseKind.RECIPE: "A recipe, as its jobs name it.",
    PauseKind.POOL: "A pool, as linux-64.",
}
_PAUSE = {
    PauseKind.BATCH: "Start nothing more of a batch; what runs goes on to its end.",
    PauseKind.RECIPE: "Start nothing more of a recipe, in no batch; what runs goes on to its end.",
    PauseKind.POOL: "Start nothing more in a pool; what runs goes on to its end.",
}


def add_to(app: typer.Typer, kind: PauseKind) -> None:
    """Give the commands of a kind of thing ``pause`` and ``resume``."""
    named = Annotated[str, typer.Argument(help=_HELP[kind], metavar=kind.value.upper())]

    @asks
    def pause(
        context: typer.Context, name: named, why: _Why = "", until: _Until = "", output: Output = Form.TABLE
    ) -> None:  # fmt: skip
        with context.obj.client() as client:
            found = client.pause(kind.value, name, who=who(), why=why, end=end_of(until))
        show(output, found, lambda: tell(f"{found.kind} {found.name}: {found.sentence}"), [found.name])

    @asks
    def resume(context: typer.Context, name: named, why: _Why = "", output: Output = Form.TABLE) -> None:
        with context.obj.client() as client:
            client.resume(kind.value, name, who=who(), why=why)
        show(output, {"kind": kind.value, "name": name}, lambda: tell(f"{kind.value} {name} goes on"), [name])

    app.command(help=f"{_PAUSE[kind]}\n\nExample: farm {kind.value} pause {_EXAMPLES[kind]}")(pause)
    app.command(help=f"Let a {kind.value} go on that is paused.")(resume)


_EXAMPLES = {
    PauseKind.BATCH: 'B-7 --why "the mirror is down"',
    PauseKind.RECIPE: 'numpy --until 2d --why "upstream retagged"',
    PauseKind.POOL: 'osx-arm64 --until 4h --why "new Xcode"',
}


def end_of(until: str) -> dict[str, Any]:
    """What was said of an end, for the controller: a span from now, or an instant. Raises InvalidInputError."""
    if not until:
        return {}
    span = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", until)
    if span:
        return {"seconds": float(span[1]) * _SECONDS[span[2]]}
    try:
        return {"until": datetime.fromisoformat(until).astimezone().isoformat()}
    except ValueError as error:
        raise InvalidInputError(
            f"'{until}' is no end.", remedy="Say 90m, 4h, 2d or 1w from now, or an instant as 2026-12-01T08:00+00:00."
        ) from error


def print_pauses(items: "list[PauseShape]") -> None:
    """What is paused, for people."""
    rows = [(p.kind, p.name, p.author, p.since, p.until or "a person resumes it", p.reason) for p in items]
    table(("KIND", "NAME", "BY", "SINCE", "UNTIL", "WHY"), rows)


@asks
def paused(context: typer.Context, output: Output = Form.TABLE) -> None:
    """Everything that is paused: batches, recipes and pools, the oldest first."""
    with context.obj.client() as client:
        items = client.pauses()
    show(output, items, lambda: print_pauses(items), [item.name for item in items])


@pools.command("list")
@asks
def list_(context: typer.Context, output: Output = Form.TABLE) -> None:
    """Every pool that a worker serves or a job waits for."""
    with context.obj.client() as client:
        items = client.pools()
    rows = [(p.name, p.idle, p.busy, p.draining, p.ready, p.running, p.paused) for p in items]
    columns = ("POOL", "IDLE", "BUSY", "DRAINING", "READY", "RUNNING", "PAUSED")
    show(output, items, lambda: table(columns, rows), [p.name for p in items])
