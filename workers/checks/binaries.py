"""Programs and libraries as their files tell of them: ELF, Mach-O and PE, read with LIEF on any system.

LIEF is imported when the first file is met. Nothing of it outlives a reading, so what is kept of a library of
80 MB are the names of its symbols.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LARGEST_FILE = 1 << 29
"""Bytes; a larger file is not read."""
_MAGIC = {
    b"\x7fELF": "elf",
    b"\xfe\xed\xfa\xce": "macho",
    b"\xfe\xed\xfa\xcf": "macho",
    b"\xce\xfa\xed\xfe": "macho",
    b"\xcf\xfa\xed\xfe": "macho",
    b"\xca\xfe\xba\xbe": "macho",  # a fat one; Java's classes begin so too
}
_JAVA = ".class"
_ABSOLUTE = 0xFFF1
"""Of ELF: the section of names of versions, which have no address."""


@dataclass(frozen=True, slots=True)
class Binary:
    """One program or library. Symbols of ELF are ``name`` or ``name@VERSION``."""

    path: str
    format: str
    machine: str = ""
    """The processor, in LIEF's word: ``X86_64``, ``AARCH64``, ``AMD64``."""
    name: str = ""
    """Its soname, whole install name or DLL name; empty where it has none."""
    program: bool = False
    linked: bool = True
    """Whether a loader takes it: no object file, no core dump."""
    needed: tuple[str, ...] = ()
    """The names of the libraries that it asks for, as they stand in the file."""
    optional: frozenset[str] = frozenset()
    """Those of the needed that may be absent: weak on macOS, delayed on Windows."""
    reexported: tuple[str, ...] = ()
    """Those of the needed whose symbols it offers as its own."""
    exported: frozenset[str] = frozenset()
    imported: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Library name to the symbols that must come from it; empty where the format does not tell. None is weak."""
    untyped: frozenset[str] = frozenset()
    """Of ELF: those of the imported that no library offered when the file was linked; a linker writes down the kind
    of each symbol that it found in a library."""
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of ELF: library name to the versions that it must define."""
    rpaths: tuple[str, ...] = ()
    runpaths: tuple[str, ...] = ()
    """Of ELF: DT_RUNPATH; DT_RPATH and LC_RPATH are ``rpaths``."""
    made_for: tuple[int, ...] = ()
    """The oldest macOS that it is made for; of PE the version of the linker, which is that of the C runtime."""
    text_relocations: bool = False


def find_binaries(folder: Path) -> Iterator[tuple[Path, str]]:
    """Programs and libraries with their format, told by their first bytes, in the order of their paths."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.suffix == _JAVA:
            continue
        kind = kind_of(path)
        if kind:
            yield path, kind


def kind_of(path: Path) -> str:
    """``elf``, ``macho`` or ``pe``; empty for what is none of them."""
    with path.open("rb") as file:
        head = file.read(4)
    return _MAGIC.get(head) or ("pe" if head[:2] == b"MZ" else "")


def read_binary(path: Path, name: str, kind: str, machine: str = "") -> Binary:
    """Of a fat file the part for ``machine``, or its first. Raises ValueError for what is no readable file of its
    format; LIEF may raise others, and may take the process down.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE} bytes")
    import lief

    lief.logging.disable()
    if kind == "elf":
        return _read_elf(lief, path, name)
    return _read_macho(lief, path, name, machine) if kind == "macho" else _read_pe(lief, path, name)


def _read_elf(lief: Any, path: Path, name: str) -> Binary:
    config = lief.ELF.ParserConfig()
    config.parse_relocations = config.parse_symtab_symbols = config.parse_notes = config.parse_overlay = False
    binary = lief.ELF.parse(str(path), config)
    kinds = lief.ELF.Header.FILE_TYPE
    if binary is None or binary.header.file_type not in (kinds.REL, kinds.EXEC, kinds.DYN, kinds.CORE):
        raise ValueError("it begins like an ELF file and is none that can be read")
    tags = lief.ELF.DynamicEntry.TAG
    dynamic = {entry.tag: entry for entry in binary.dynamic_entries}
    soname = _text(dynamic[tags.SONAME].name) if tags.SONAME in dynamic else ""
    exported, imported, untyped = _elf_symbols(lief, binary)
    return Binary(
        name, "elf", _word(binary.header.machine_type), soname,
        program=not soname and (binary.has_interpreter or binary.header.file_type != kinds.DYN),
        linked=binary.header.file_type in (kinds.EXEC, kinds.DYN),
        needed=_texts(binary.libraries), exported=frozenset(exported),
        imported=_sorted(imported), untyped=frozenset(untyped),
        versions={
            _text(need.name): _texts(auxiliary.name for auxiliary in need.get_auxiliary_symbols())
            for need in binary.symbols_version_requirement
        },
        rpaths=_split(dynamic[tags.RPATH].rpath) if tags.RPATH in dynamic else (),
        runpaths=_split(dynamic[tags.RUNPATH].runpath) if tags.RUNPATH in dynamic else (),
        text_relocations=_has_text_relocations(lief, dynamic),
    )  # fmt: skip


def _elf_symbols(lief: Any, binary: Any) -> tuple[set[str], dict[str, set[str]], set[str]]:
    """Exported, imported, untyped. LIEF's own words for these leave out what is thread-local, unique or untyped."""
    sources = {
        auxiliary.other: _text(need.name)
        for need in binary.symbols_version_requirement
        for auxiliary in need.get_auxiliary_symbols()
    }
    kinds = lief.ELF.Symbol.BINDING
    bindings = (kinds.GLOBAL, kinds.WEAK, kinds.GNU_UNIQUE)
    exported, imported, untyped = set[str](), dict[str, set[str]](), set[str]()
    for symbol in binary.dynamic_symbols:
        version = _version(symbol)
        name = f"{_text(symbol.name)}@{version}" if version else _text(symbol.name)
        if symbol.binding not in bindings or not symbol.name:
            continue
        if symbol.shndx and (symbol.shndx != _ABSOLUTE or symbol.value):
            exported.add(name)
        elif not symbol.shndx and symbol.binding != bindings[1]:
            source = sources.get(symbol.symbol_version.value, "") if version else ""
            imported.setdefault(source, set()).add(name)
            untyped |= {name} if symbol.type == lief.ELF.Symbol.TYPE.NOTYPE and not version else set()
    return exported, imported, untyped


def _version(symbol: Any) -> str:
    if not symbol.has_version or not symbol.symbol_version.has_auxiliary_version:
        return ""
    return _text(symbol.symbol_version.symbol_version_auxiliary.name)


def _has_text_relocations(lief: Any, dynamic: Mapping[Any, Any]) -> bool:
    tags, flags = lief.ELF.DynamicEntry.TAG, lief.ELF.DynamicEntryFlags.FLAG
    return tags.TEXTREL in dynamic or (tags.FLAGS in dynamic and dynamic[tags.FLAGS].has(flags.TEXTREL))


def _split(paths: str | bytes) -> tuple[str, ...]:
    return tuple(path for path in _text(paths).split(":") if path)


def _read_macho(lief: Any, path: Path, name: str, machine: str) -> Binary:
    whole = lief.MachO.parse(str(path))
    if whole is None or not whole.size:
        raise ValueError("it begins like a Mach-O file and is none that can be read")
    parts = [whole.at(at) for at in range(whole.size)]
    binary = next((part for part in parts if _word(part.header.cpu_type) == machine), parts[0])
    if not len(binary.commands):
        raise ValueError("it begins like a Mach-O file and holds nothing")
    kinds, types = lief.MachO.LoadCommand.TYPE, lief.MachO.Header.FILE_TYPE
    libraries = [(_text(library.name), library.command) for library in binary.libraries]
    return Binary(
        name, "macho", _word(binary.header.cpu_type), next((n for n, kind in libraries if kind == kinds.ID_DYLIB), ""),
        program=binary.header.file_type == types.EXECUTE,
        linked=binary.header.file_type in (types.EXECUTE, types.DYLIB, types.BUNDLE),
        needed=tuple(dict.fromkeys(name for name, kind in libraries if kind != kinds.ID_DYLIB)),
        optional=frozenset(name for name, kind in libraries if kind == kinds.LOAD_WEAK_DYLIB),
        reexported=tuple(name for name, kind in libraries if kind == kinds.REEXPORT_DYLIB),
        exported=frozenset(_text(symbol.name) for symbol in binary.exported_symbols),
        imported=_macho_imports(binary), rpaths=_texts(command.path for command in binary.rpaths),
        made_for=_oldest_macos(binary),
    )  # fmt: skip


def _macho_imports(binary: Any) -> dict[str, tuple[str, ...]]:
    imported: dict[str, set[str]] = {}
    for binding in binary.bindings:
        if binding.has_symbol and binding.has_library and not binding.weak_import:
            imported.setdefault(_text(binding.library.name), set()).add(_text(binding.symbol.name))
    return _sorted(imported)


def _oldest_macos(binary: Any) -> tuple[int, ...]:
    if binary.has_build_version:
        return tuple(binary.build_version.minos)
    return tuple(binary.version_min.version) if binary.has_version_min else ()


def _read_pe(lief: Any, path: Path, name: str) -> Binary:
    config = lief.PE.ParserConfig()
    config.parse_signature = config.parse_rsrc = config.parse_reloc = False
    binary = lief.PE.parse(str(path), config)
    if binary is None:
        raise ValueError("it begins like a Windows program and is none that can be read")
    imported: dict[str, set[str]] = {}
    for library in (*binary.imports, *binary.delay_imports):
        symbols = {_text(entry.name) or f"#{entry.ordinal}" for entry in library.entries}
        imported.setdefault(_text(library.name).lower(), set()).update(symbols)
    export = binary.get_export() if binary.has_exports else None
    head = binary.optional_header
    dll = bool(export) or path.suffix.lower() == ".dll"
    at_once = {_text(library.name).lower() for library in binary.imports}
    return Binary(
        name, "pe", _word(binary.header.machine), path.name.lower() if dll else "", program=not dll,
        needed=tuple(imported), optional=frozenset(imported) - at_once, imported=_sorted(imported),
        exported=frozenset(_text(entry.name) or f"#{entry.ordinal}" for entry in export.entries) if export
        else frozenset(),
        made_for=(head.major_linker_version, head.minor_linker_version),
    )  # fmt: skip


def _sorted(imported: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {source: tuple(sorted(symbols)) for source, symbols in sorted(imported.items())}


def _word(value: Any) -> str:
    return str(getattr(value, "name", value))


def _texts(names: Iterable[str | bytes]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_text, names)))


def _text(name: str | bytes) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name
