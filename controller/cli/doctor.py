"""``farm doctor``: what this machine and this data folder offer, and how to mend what is missing."""

import contextlib
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import typer

from controller.cli.asking import DEFAULT_DATA
from controller.cli.client import Client
from controller.cli.configured import settings_of
from controller.cli.data_folder import read_note
from controller.cli.output import Form, show, tell
from controller.domain.errors import FarmError
from controller.domain.invariant_words import PROMISES, breach_sentence
from controller.gateways.broker import EmbeddedBroker, server_program
from controller.settings import Settings

Look = Callable[[Path], Iterator["Finding"]]
_NO_BROKER = "redis://127.0.0.1:0"
"""Nothing is rung here."""
_SHOWN = 20
"""Broken promises that are told one by one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``needed`` tells a problem from something that only some need."""

    what: str
    good: bool
    said: str
    remedy: str = ""
    needed: bool = True

    @property
    def mark(self) -> str:
        """``ok``, ``problem`` or ``note``."""
        return "ok" if self.good else "problem" if self.needed else "note"


def run(data: Path | None, form: Form, *, deep: bool = False) -> None:
    """Print every finding; exit with 1 when something needed is missing, or a promise of the farm does not hold.

    ``deep`` reads every file of the store.
    """
    looks: list[Look] = [*LOOKS, partial(_promises, deep=deep)]
    findings = [finding for look in looks for finding in look(data or DEFAULT_DATA)]
    show(form, [asdict(finding) for finding in findings], lambda: _print(findings), [f.what for f in findings])
    if any(finding.mark == "problem" for finding in findings):
        raise typer.Exit(1)


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        tell(f"{finding.mark:<8} {finding.what}: {finding.said}")
        if not finding.good and finding.remedy:
            tell(f"         next: {finding.remedy}")


def _python(_data: Path) -> Iterator[Finding]:
    yield Finding("python", sys.version_info >= (3, 11), platform.python_version(), "Use Python 3.11 or newer.")
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    said = str(headers) if headers.exists() else f"no {headers}"
    remedy = "On Debian: apt-get install python3-dev. Only extensions for Python need it."
    yield Finding("python headers", headers.exists(), said, remedy, needed=False)


def _programs(_data: Path) -> Iterator[Finding]:
    git = shutil.which("git")
    yield Finding("git", git is not None, _version(git) if git else "missing", "On Debian: apt-get install git.")
    compiler = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)
    remedy = "On Debian: apt-get install gcc. Only recipes that compile need it."
    yield Finding("C compiler", compiler is not None, compiler or "missing", remedy, needed=False)


def _version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else program


def _settings(data: Path) -> Iterator[Finding]:
    try:
        settings_of({"data": data})
        yield Finding("settings", good=True, said="hold")
    except FarmError as error:
        yield Finding("settings", good=False, said=error.what, remedy=error.remedy)


def _settings_of(data: Path) -> Settings | None:
    """None where they do not hold, which is a finding of its own."""
    try:
        return settings_of({"data": data})
    except FarmError:
        return None


def _broker(data: Path) -> Iterator[Finding]:
    try:
        yield Finding("embedded broker", good=True, said=server_program().name)
    except FarmError as error:
        yield Finding("embedded broker", good=False, said=error.what, remedy=error.remedy, needed=False)
    if (data / "broker.json").exists():
        answers = EmbeddedBroker(data).answers()
        said = "answers" if answers else "does not answer"
        yield Finding("broker", answers, said, "It runs while `farm up` runs.", needed=False)


def _folder(data: Path) -> Iterator[Finding]:
    if not data.is_dir():
        yield Finding("data folder", good=False, said=f"{data} is not there yet", remedy="`farm up` makes it.",
                      needed=False)  # fmt: skip
        return
    free = shutil.disk_usage(data).free
    remedy = "Make room, or move the folder and name it with --data."
    yield Finding("data folder", free > 5 * 1024**3, f"{data}, {free / 1024**3:.0f} GiB free", remedy)


def _database(data: Path) -> Iterator[Finding]:
    from controller.storage import schema
    from controller.storage.database import Database

    settings = _settings_of(data)
    if settings is None:
        return
    url = settings.database
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        yield Finding("database", good=False, said="not there yet", remedy="`farm up` makes it.", needed=False)
        return
    try:
        with contextlib.closing(Database(url)) as database:
            at, newest = schema.revision(database), schema.head()
    except FarmError as error:
        yield Finding("database", good=False, said=error.what, remedy=error.remedy)
    else:
        yield Finding("database", at == newest, f"schema {at}, newest {newest}", "`farm up` brings it up to date.")


def _promises(data: Path, *, deep: bool) -> Iterator[Finding]:
    """What the farm promises of its jobs, files and channels, asked of the database and the store."""
    from controller.services.invariants import find_breaches
    from controller.wiring import open_farm

    settings = _settings_of(data)
    if settings is None or not _is_up_to_date(settings):
        return
    with contextlib.closing(open_farm(settings, settings.broker_url or _NO_BROKER)) as farm:
        breaches = find_breaches(farm, deep=deep)
    if not breaches:
        how = "every file of the store read" if deep else "files by their size; --deep reads them"
        yield Finding("promises", good=True, said=f"all {len(PROMISES)} hold, {how}")
    remedy = "This is a fault of the farm, or of its disk: keep a copy of the data, and report it with these lines."
    for breach in breaches[:_SHOWN]:
        yield Finding(f"promise: {breach.invariant}", good=False, said=breach_sentence(breach), remedy=remedy)
    if len(breaches) > _SHOWN:
        yield Finding("promises", good=False, said=f"{len(breaches) - _SHOWN} more are broken", remedy=remedy)


def _loop(data: Path) -> Iterator[Finding]:
    """Whether a loop leads: a need where a controller serves this folder."""
    from controller.services.answers.idling import idle_list
    from controller.services.answers.leader import leader
    from controller.wiring import open_farm

    settings = _settings_of(data)
    if settings is None or not _is_up_to_date(settings):
        return
    with contextlib.closing(open_farm(settings, settings.broker_url or _NO_BROKER)) as farm:
        found, alarms = leader(farm), idle_list(farm)
    remedy = "`farm up` and `farm loop` lead; of several one does, and the others stand by."
    yield Finding("loop", found.leads, found.sentence, remedy, needed=read_note(data) is not None)
    for alarm in alarms:
        yield Finding(f"work {alarm.pool}".strip(), good=False, said=alarm.sentence, remedy=alarm.remedy)


def _is_up_to_date(settings: Settings) -> bool:
    """Whether there is a database with the newest schema: else there is nothing to ask, and nothing may be made."""
    from controller.storage import schema
    from controller.storage.database import Database

    url = settings.database
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        return False
    try:
        with contextlib.closing(Database(url)) as database:
            return schema.revision(database) == schema.head()
    except FarmError:
        return False


def _controller(data: Path) -> Iterator[Finding]:
    """The controller of this folder; where none runs, whether its port is free."""
    url = read_note(data)
    if url is None:
        settings = _settings_of(data)
        yield from _port(settings) if settings else ()
        return
    client = Client(url)
    try:
        workers = len(client.workers())
        yield Finding("controller", good=True, said=f"{url}, {workers} workers")
    except FarmError as error:
        yield Finding("controller", good=False, said=error.what, remedy="Start it again: `farm up`.", needed=False)
    finally:
        client.close()


def _port(settings: Settings) -> Iterator[Finding]:
    from controller.cli.listening import listen

    try:
        listen(settings.host, settings.port).close()
        yield Finding("port", good=True, said=f"{settings.port} is free")
    except FarmError as error:
        yield Finding("port", good=False, said=error.what, remedy=error.remedy, needed=False)


LOOKS: tuple[Look, ...] = (
    _python, _programs, _settings, _broker, _folder, _database, _controller, _loop,
)  # fmt: skip
