"""What every command shares: which controller, with which token."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.client import Client
from controller.cli.data_folder import read_note
from controller.domain.errors import ServerError

Server = Annotated[str, typer.Option("--server", envvar="FARM_SERVER", help="Address of the controller.")]
Data = Annotated[Path | None, typer.Option("--data", envvar="FARM_DATA", help="The farm's data folder.")]

DEFAULT_DATA = Path("farm-data")


@dataclass(slots=True)
class Context:
    """What was said before the command."""

    server: str = ""
    data: Path | None = None

    @contextmanager
    def client(self) -> Iterator[Client]:
        """The controller, with the token of its data folder where that can be read. Raises ServerError."""
        folder = self.data or DEFAULT_DATA
        url = self.server or read_note(folder)
        if not url:
            raise ServerError(
                f"No controller is named, and none has left a note in {folder}.",
                remedy="Start one with `farm up`, or name it with --server, --data, FARM_SERVER or FARM_DATA.",
            )
        client = Client(url, token_of(folder))
        try:
            yield client
        finally:
            client.close()


def token_of(folder: Path) -> str:
    """``FARM_TOKEN``, or the token in the data folder, or nothing."""
    import os

    said = os.environ.get("FARM_TOKEN", "")
    if said:
        return said
    try:
        return (folder / "admin-token").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
