"""The child that reads what a package's programs and libraries offer and take: ``python -m workers.checks.interfaces``.

ELF, Mach-O and PE files are read with LIEF, which is imported when the first of them is met. A package is made by
strangers: a file that cannot be read, or that takes this process down, is a fact about the package and no fault of
the job. So every path is written down before it is read, and whoever started this child can have it skipped.
"""

import gzip
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from workers.builders.events import Result, Speaker
from workers.checks.binaries import find_binaries, read_binary

VERSION = 1
MOST_TEXT = 32 << 20
"""Characters of symbols that are told of one package; what goes beyond is told as cut."""
MOST_MEMORY = 8 << 30
"""Bytes of address space, where the system can bound it."""


@dataclass(frozen=True, slots=True)
class Library:
    """One program or library. Symbols of ELF are ``name`` or ``name@VERSION``."""

    path: str
    format: str
    name: str = ""
    """What others ask for it by: its soname, install name or DLL name; empty for a program."""
    needed: tuple[str, ...] = ()
    """The names of the libraries that it asks for."""
    exported: tuple[str, ...] = ()
    imported: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Library name to the symbols that must come from it; empty where the format does not tell."""
    cut: bool = False
    """Its symbols were too many to be told."""

    @property
    def weight(self) -> int:
        """Characters of all its symbols."""
        return sum(map(len, self.exported)) + sum(len(s) for symbols in self.imported.values() for s in symbols)


@dataclass(frozen=True, slots=True)
class Task:
    """What to read and where to write. ``skip`` are paths that took a reader down, each with what happened."""

    package: Path
    folder: Path
    answer: Path
    now: Path
    skip: Mapping[str, str]


def read_task(path: Path) -> Task:
    """The task that the runner wrote."""
    given = json.loads(path.read_text(encoding="utf-8"))["given"]
    return Task(
        Path(given["package"]), Path(given["folder"]), Path(given["answer"]), Path(given["now"]), dict(given["skip"])
    )


def read_package(task: Task) -> None:
    """Unpack, read every program and library, and write the answer as gzipped JSON."""
    from rattler.package_streaming import extract

    if not task.folder.exists():
        extract(task.package, task.folder)
    libraries: list[Library] = []
    unreadable = [{"path": path, "why": why} for path, why in task.skip.items()]
    left = MOST_TEXT
    for path, kind in find_binaries(task.folder):
        name = path.relative_to(task.folder).as_posix()
        if name in task.skip:
            continue
        task.now.write_text(name, encoding="utf-8")
        try:
            library = read_library(path, name, kind)
        except Exception as error:  # noqa: BLE001 -- whatever a parser stumbles over is the file's own
            unreadable.append({"path": name, "why": str(error)[:300] or type(error).__name__})
            continue
        left -= library.weight
        libraries.append(library if left >= 0 else Library(name, kind, library.name, library.needed, cut=True))
    write_answer(task.answer, libraries, unreadable)


def write_answer(path: Path, libraries: list[Library], unreadable: list[dict[str, str]]) -> None:
    """The same libraries are the same bytes, whenever they are read."""
    document = {"version": VERSION, "libraries": [asdict(lib) for lib in libraries], "unreadable": unreadable}
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    path.write_bytes(gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0))


def read_library(path: Path, name: str, kind: str) -> Library:
    """Raises ValueError for what is no readable file of its format."""
    binary = read_binary(path, name, kind)
    called = _base if kind == "macho" else str
    imported: dict[str, set[str]] = {}
    for source, symbols in binary.imported.items():
        imported.setdefault(called(source), set()).update(symbols)
    taken = {source: tuple(sorted(symbols)) for source, symbols in sorted(imported.items())}
    needed = tuple(dict.fromkeys(map(called, binary.needed)))
    if binary.program:
        return Library(name, kind, "", needed, tuple(sorted(binary.exported)) if kind == "pe" else (), taken)
    return Library(name, kind, called(binary.name) or path.name, needed, tuple(sorted(binary.exported)), taken)


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def bound_memory() -> None:
    """A file that asks for too much ends this process, not the machine's others. Windows has no such bound."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    except (ImportError, ValueError, OSError):
        return


def main() -> int:
    """Read the package that the order file names."""
    speaker = Speaker.on_standard_output()
    bound_memory()
    task = read_task(Path(sys.argv[1]))
    read_package(task)
    shutil.rmtree(task.folder, ignore_errors=True)
    speaker.result(Result("passed", "interfaces"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
