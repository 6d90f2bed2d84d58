"""What every command shares: which controller, with which token. Said, or found beside the data folder."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.data_folder import read_note
from controller.domain.errors import InvalidInputError, ServerError

if TYPE_CHECKING:
    from controller.cli.client import Client

Server = Annotated[str, typer.Option("--server", envvar="FARM_SERVER", help="Address of the controller.")]
Data = Annotated[Path | None, typer.Option("--data", envvar="FARM_DATA", help="The farm's data folder.")]
TokenFile = Annotated[Path | None, typer.Option("--token-file", help="File with the token; or set FARM_TOKEN.")]

DEFAULT_DATA = Path("farm-data")


@dataclass(slots=True)
class Context:
    """What was said, before or after the command's name."""

    server: str = ""
    data: Path | None = None
    token_file: Path | None = None

    def hear(self, server: str, data: Path | None, token_file: Path | None) -> None:
        """Take what was said last."""
        self.server = server or self.server
        self.data = data or self.data
        self.token_file = token_file or self.token_file

    @property
    def folder(self) -> Path:
        """The data folder that notes and tokens are looked for in."""
        return self.data or DEFAULT_DATA

    @contextmanager
    def client(self) -> Iterator["Client"]:
        """The controller, with the token of its data folder where that can be read. Raises ServerError."""
        from controller.cli.client import Client

        url = self.server or read_note(self.folder)
        if not url:
            raise ServerError(
                f"No controller is named, and none has left a note in {self.folder}.",
                remedy="Start one with `farm up`, or name it with --server, --data, FARM_SERVER or FARM_DATA.",
            )
        client = Client(url, self._token())
        try:
            yield client
        finally:
            client.close()

    def _token(self) -> str:
        """The file named, else ``FARM_TOKEN``, else the token in the data folder, else nothing."""
        import os

        if self.token_file is not None:
            return _read_token(self.token_file)
        said = os.environ.get("FARM_TOKEN", "")
        kept = self.folder / "admin-token"
        return said or (_read_token(kept) if os.access(kept, os.R_OK) else "")


def _read_token(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InvalidInputError(
            f"The token file {path} cannot be read: {error.strerror}.", remedy="Name another with --token-file."
        ) from error


_Server = Annotated[str, typer.Option("--server", help="Address of the controller (FARM_SERVER).")]
_Data = Annotated[Path | None, typer.Option("--data", help="The farm's data folder (FARM_DATA).")]
_SHARED = {"server": (_Server, ""), "data": (_Data, None), "token_file": (TokenFile, None)}
"""Without ``envvar``: the environment was read before the command's name, and what is said there beats it."""


def asks(command: Callable[..., None]) -> Callable[..., None]:
    """A command that asks a controller: it gets the options that name one, listed in its own help."""
    own = inspect.signature(command)
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _SHARED.items()
    ]

    @wraps(command)
    def asking(context: typer.Context, **said: Any) -> None:
        context.obj.hear(said.pop("server"), said.pop("data"), said.pop("token_file"))
        command(context, **said)

    asking.__signature__ = own.replace(parameters=[*own.parameters.values(), *shared])  # type: ignore[attr-defined]
    asking.__annotations__ = {**command.__annotations__, **{name: kind for name, (kind, _) in _SHARED.items()}}
    return asking
