"""How answers look: a table for people, JSON and names for programs. Data on stdout, all else on stderr."""

import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from controller.domain import errors
from controller.domain.errors import FarmError


class Form(StrEnum):
    """Forms of output."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class PlanForm(StrEnum):
    """Forms of a plan."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


Output = Annotated[Form, typer.Option("-o", "--output", help="table, json, yaml or name.")]

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

DONE, FAILED, MISUSE, NOT_SIGNED_IN, NOT_FOUND, REFUSED, WATCHED_FAILED = 0, 1, 2, 4, 5, 6, 8
_CODES: Mapping[type[FarmError], int] = {
    errors.InvalidInputError: MISUSE,
    errors.NotPermittedError: NOT_SIGNED_IN,
    errors.NotFoundError: NOT_FOUND,
    errors.GateRefusedError: REFUSED,
}
"""The only map from error to exit code; what is not here is 1."""

STYLES = {
    "passed": "green", "promoted": "green", "done": "green", "pass": "green", "failed": "red", "unsolvable": "red",
    "quarantined": "red", "partial": "yellow", "blocked": "yellow", "running": "cyan", "ready": "cyan",
    "refused": "red",
}  # fmt: skip


def exit_code(error: FarmError) -> int:
    """The exit code of an error."""
    return _CODES.get(type(error), FAILED)


def guarded(run: Callable[[], Any]) -> None:
    """Run, and end with the right words and code when an error of ours comes up."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a mark that a terminal cannot show is no reason to fail
    try:
        run()
    except FarmError as error:
        err.print(Text.assemble(("error:", "red"), " ", plain(error.what)))
        if error.remedy:
            note(f"  next: {error.remedy}")
        if error.code != FarmError.code:
            note(f"  help: /help/{error.code} on any controller")
        sys.exit(exit_code(error))


_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Text without control characters: what a log or a recipe says must not steer a terminal."""
    return _CONTROLS.sub("", text)


def tell(text: str, style: str = "") -> None:
    """A line of data."""
    out.print(Text(plain(text), style=style))


def note(text: str, style: str = "") -> None:
    """A line beside the data."""
    err.print(Text(plain(text), style=style))


def counted(number: int, what: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def show(form: Form, value: Any, table: Callable[[], None], names: Iterable[str]) -> None:
    """Show a value in the form asked for; JSON and names never change their shape."""
    if form is Form.TABLE:
        table()
    elif form is Form.NAME:
        for name in names:
            print(name)  # noqa: T201 -- data for programs, without any of Rich's wrapping
    else:
        print(_document(form, value))  # noqa: T201


def _document(form: Form, value: Any) -> str:
    data = _data(value)
    if form is Form.YAML:
        import yaml

        return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=_every_letter())).rstrip()
    return json.dumps(data, indent=2, ensure_ascii=not _every_letter())


def _every_letter() -> bool:
    """Whether stdout takes them all; where it does not, JSON and YAML write them as escapes."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


def _data(value: Any) -> Any:
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_data(item) for item in value]
    return value


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table without boxes, states in their colours; where it is piped, a row is a line however long."""
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*(_cell(cell) for cell in row))
    if out.is_terminal:
        out.print(grid)
        return
    wide = Console(width=_WIDE, highlight=False)
    with wide.capture() as captured:
        wide.print(grid)
    for text in captured.get().splitlines():
        print(text.rstrip())  # noqa: T201 -- piped: plain lines


_WIDE = 10_000


def _cell(value: Any) -> Text:
    text = "" if value is None else value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value)
    return Text(plain(text), style=STYLES.get(text, ""))


def who() -> str:
    """Whoever sits at this terminal, for the record."""
    import getpass

    return os.environ.get("FARM_USER") or getpass.getuser()


def confirm(question: str, *, yes: bool) -> None:
    """Ask in a terminal; elsewhere ``--yes`` must have been said."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise errors.InvalidInputError(f"{question} There is no terminal to ask.", remedy="Add --yes.")
    if not typer.confirm(question, err=True):
        raise typer.Exit(FAILED)
