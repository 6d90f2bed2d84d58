"""The document that tells what a package's programs and libraries offer and take; it is uploaded, gzipped JSON.

Symbols of ELF are ``name`` or ``name@VERSION``. Libraries go by the name that others ask for them by: their soname,
the last part of their install name, or the DLL's name in lower case.
"""

from pydantic import Field

from workers.contract.messages import Message

MOST_BYTES = 256 << 20
"""Unpacked; whoever reads the document stops there."""


class LibraryFacts(Message):
    """One program or library of a package."""

    path: str
    """Within the package."""
    format: str
    """``elf``, ``macho`` or ``pe``."""
    name: str = ""
    """Empty for a program, which nobody links."""
    needed: tuple[str, ...] = ()
    exported: tuple[str, ...] = ()
    imported: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Name of the library to what must come from it; under the empty name where the format does not tell."""
    cut: bool = False
    """There were too many symbols to tell."""


class UnreadableFile(Message):
    """A file that begins like a program and cannot be read as one."""

    path: str
    why: str


class InterfaceFacts(Message):
    """All programs and libraries of one package, in the order of their paths."""

    version: int = 1
    libraries: tuple[LibraryFacts, ...] = ()
    unreadable: tuple[UnreadableFile, ...] = ()
