"""The child that reads what a package's programs and libraries offer and take: ``python -m workers.checks.interfaces``.

ELF, Mach-O and PE files are read with LIEF, which is imported when the first of them is met. A package is made by
strangers: a file that cannot be read, or that takes this process down, is a fact about the package and no fault of
the job. So every path is written down before it is read, and whoever started this child can have it skipped.
"""

import gzip
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workers.builders.events import Result, Speaker

VERSION = 1
LARGEST_FILE = 1 << 29
"""Bytes; a larger file is not read."""
MOST_TEXT = 32 << 20
"""Characters of symbols that are told of one package; what goes beyond is told as cut."""
MOST_MEMORY = 8 << 30
"""Bytes of address space, where the system can bound it."""
_MAGIC = {
    b"\x7fELF": "elf",
    b"\xfe\xed\xfa\xce": "macho",
    b"\xfe\xed\xfa\xcf": "macho",
    b"\xce\xfa\xed\xfe": "macho",
    b"\xcf\xfa\xed\xfe": "macho",
    b"\xca\xfe\xba\xbe": "macho",  # a fat one; Java's classes begin so too
}
_JAVA = ".class"


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


def find_binaries(folder: Path) -> Iterator[tuple[Path, str]]:
    """Programs and libraries with their format, told by their first bytes, in the order of their paths."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.suffix == _JAVA:
            continue
        with path.open("rb") as file:
            head = file.read(4)
        kind = _MAGIC.get(head) or ("pe" if head[:2] == b"MZ" else "")
        if kind:
            yield path, kind


def read_library(path: Path, name: str, kind: str) -> Library:
    """Raises ValueError for what is no readable file of its format."""
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE} bytes")
    import lief

    lief.logging.disable()
    readers = {"elf": _read_elf, "macho": _read_macho, "pe": _read_pe}
    return readers[kind](lief, path, name)


def _read_elf(lief: Any, path: Path, name: str) -> Library:
    config = lief.ELF.ParserConfig()
    config.parse_relocations = config.parse_symtab_symbols = config.parse_notes = config.parse_overlay = False
    binary = lief.ELF.parse(str(path), config)
    kinds = lief.ELF.Header.FILE_TYPE
    if binary is None or binary.header.file_type not in (kinds.REL, kinds.EXEC, kinds.DYN, kinds.CORE):
        raise ValueError("it begins like an ELF file and is none that can be read")
    sonames = [entry.name for entry in binary.dynamic_entries if entry.tag == lief.ELF.DynamicEntry.TAG.SONAME]
    program = not sonames and (binary.has_interpreter or binary.header.file_type != kinds.DYN)
    sources = {
        auxiliary.other: need.name
        for need in binary.symbols_version_requirement
        for auxiliary in need.get_auxiliary_symbols()
    }
    exported, imported = set[str](), dict[str, set[str]]()
    for symbol in binary.dynamic_symbols:
        version = _version(symbol)
        if symbol.exported and not program:
            exported.add(f"{symbol.name}@{version}" if version else symbol.name)
        elif symbol.imported and symbol.binding != lief.ELF.Symbol.BINDING.WEAK:
            source = sources.get(symbol.symbol_version.value, "") if version else ""
            imported.setdefault(source, set()).add(f"{symbol.name}@{version}" if version else symbol.name)
    known = "" if program else (sonames[0] if sonames else path.name)
    return _library(name, "elf", known, binary.libraries, exported, imported)


def _version(symbol: Any) -> str:
    if not symbol.has_version or not symbol.symbol_version.has_auxiliary_version:
        return ""
    return str(symbol.symbol_version.symbol_version_auxiliary.name)


def _read_macho(lief: Any, path: Path, name: str) -> Library:
    whole = lief.MachO.parse(str(path))
    if whole is None or not whole.size:
        raise ValueError("it begins like a Mach-O file and is none that can be read")
    binary = whole.at(0)
    if not len(binary.commands):
        raise ValueError("it begins like a Mach-O file and holds nothing")
    kinds = lief.MachO.LoadCommand.TYPE
    names = [lib.name for lib in binary.libraries if lib.command == kinds.ID_DYLIB]
    needed = [lib.name for lib in binary.libraries if lib.command != kinds.ID_DYLIB]
    imported: dict[str, set[str]] = {}
    for binding in binary.bindings:
        if binding.has_symbol and binding.has_library and not binding.weak_import:
            imported.setdefault(_base(binding.library.name), set()).add(binding.symbol.name)
    types = lief.MachO.Header.FILE_TYPE
    program = binary.header.file_type == types.EXECUTE
    exported = set() if program else {symbol.name for symbol in binary.exported_symbols}
    known = "" if program else (_base(names[0]) if names else path.name)
    return _library(name, "macho", known, map(_base, needed), exported, imported)


def _read_pe(lief: Any, path: Path, name: str) -> Library:
    config = lief.PE.ParserConfig()
    config.parse_signature = config.parse_rsrc = config.parse_reloc = False
    binary = lief.PE.parse(str(path), config)
    if binary is None:
        raise ValueError("it begins like a Windows program and is none that can be read")
    imported = {
        library.name.lower(): {entry.name or f"#{entry.ordinal}" for entry in library.entries}
        for library in (*binary.imports, *binary.delay_imports)
    }
    export = binary.get_export() if binary.has_exports else None
    exported = {entry.name or f"#{entry.ordinal}" for entry in export.entries} if export else set()
    known = path.name.lower() if export or path.suffix.lower() == ".dll" else ""
    return _library(name, "pe", known, imported, exported, imported)


def _library(
    path: str, kind: str, name: str, needed: Any, exported: set[str], imported: dict[str, set[str]]
) -> Library:
    taken = {_text(source): tuple(sorted(map(_text, symbols))) for source, symbols in sorted(imported.items())}
    return Library(
        path, kind, _text(name), tuple(dict.fromkeys(map(_text, needed))), tuple(sorted(map(_text, exported))), taken
    )


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _text(name: str | bytes) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name


def _bound_memory() -> None:
    """A file that asks for too much ends this process, not the machine's others. Windows has no such bound."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    except (ImportError, ValueError, OSError):
        return


def main() -> int:
    """Read the package that the order file names."""
    speaker = Speaker.on_standard_output()
    _bound_memory()
    task = read_task(Path(sys.argv[1]))
    read_package(task)
    shutil.rmtree(task.folder, ignore_errors=True)
    speaker.result(Result("passed", "interfaces"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
