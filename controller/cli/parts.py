"""``farm server`` and ``farm loop``: the parts of ``farm up``, each alone."""

from typing import Annotated

import typer

from controller.cli.asking import Data


def server(
    context: typer.Context,
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    database: Annotated[str | None, typer.Option(help="Database URL; without it SQLite in the data folder.")] = None,
) -> None:
    """Serve pages, API and workers alone; `farm loop` does the rest, here or on another machine.

    Servers and loops of one farm share a database and a data folder; there may be several of each.

    Example: farm server --data /srv/farm --database postgresql://farm@db.example.org/farm
    """
    from controller.cli.configured import settings_of
    from controller.cli.up import run_server

    said = {"data": data or context.obj.data, "host": host, "port": port, "database_url": database}
    run_server(settings_of(said))


def loop(
    context: typer.Context,
    data: Data = None,
    broker: Annotated[str | None, typer.Option(help="Redis URL; without it the one that runs in the folder.")] = None,
    database: Annotated[str | None, typer.Option(help="Database URL; without it SQLite in the data folder.")] = None,
) -> None:
    """Do what the clock asks for: ring, settle, lose what is silent. Of several, one leads and the others stand by.

    Example: farm loop --data /srv/farm --broker redis://farm.example.org:6379/0 --database postgresql://farm@db/farm
    """
    from controller.cli.configured import settings_of
    from controller.cli.up import run_loop_alone

    run_loop_alone(settings_of({"data": data or context.obj.data, "broker_url": broker, "database_url": database}))
