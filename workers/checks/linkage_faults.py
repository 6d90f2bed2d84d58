"""What can be wrong with the linkage of a package: kinds, and one sentence for each in standard words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kind of a fault; ``docs/explanation/linkage.md`` says of each what to do."""

    MISSING = "missing"
    """A needed library that nothing provides."""
    UNDEFINED = "undefined"
    """A symbol that no library offers."""
    NOT_FOUND = "not_found"
    """A library that is there, where the loader of a program does not look."""
    ARCHITECTURE = "architecture"
    """A library or program for another processor or system."""
    SYSTEM = "system"
    """A newer system than the package asks for."""
    BUILD_RPATH = "build_rpath"
    """A search path into the folders of the build."""
    UNDECLARED = "undeclared"
    """A library of a package that only another dependency brings."""
    UNUSED = "unused"
    """A dependency with libraries of which none is needed."""
    UNDERLINKED = "underlinked"
    """Symbols of libraries that the file does not ask for: whoever loads it must have loaded them."""
    RPATH = "rpath"
    """A search path that leaves the environment, or one that is wanting."""
    BUILD_PREFIX = "build_prefix"
    """A path of the build that stayed in a file."""
    TEXT_RELOCATIONS = "text_relocations"
    """Code that must be rewritten as it is loaded."""
    BASELINE = "baseline"
    """A newer system than the oldest in use, of a package that asks for none."""
    RUNTIME = "runtime"
    """A newer C runtime of Windows than the dependency on it asks for."""
    FOREIGN = "foreign"
    """A program or library for another processor, where no loader looks for one."""
    UNREADABLE = "unreadable"
    """A file that begins like a program and cannot be read as one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: ``path`` within the package (empty: the package), ``about`` a library, symbol or
    package.
    """

    kind: Kind
    path: str
    about: str
    sentence: str

    @property
    def name(self) -> str:
        """``missing::libfoo.so.3``."""
        return f"{self.kind.value}::{self.about}"


def missing(path: str, library: str, by: Sequence[str] = ()) -> Fault:
    """``by`` are packages of the environment that have it, and that no dependency brings."""
    there = f"; {_all(by)} has it, and no run dependency brings that" if by else ""
    said = f"{path} needs {library}, which neither the package nor its run dependencies provide{there}."
    return Fault(Kind.MISSING, path, library, said)


def undeclared(path: str, library: str, package: str, through: Sequence[str]) -> Fault:
    """``through`` are the declared dependencies that bring ``package``."""
    said = f"{path} needs {library} of {package}, which is no run dependency: only {_all(through)} brings it."
    return Fault(Kind.UNDECLARED, path, library, said)


def unused(package: str) -> Fault:
    """A dependency whose libraries nobody needs."""
    said = f"The package depends on {package}, and none of its files needs a library of it."
    return Fault(Kind.UNUSED, "", package, said)


def undefined(path: str, symbol: str, source: str = "", more: int = 0) -> Fault:
    """``source`` is the library that should offer it; ``more`` symbols of the file are wanting too."""
    where = f"{source} does not offer" if source else "no library that it loads offers"
    also = f" (and {more} more)" if more else ""
    return Fault(Kind.UNDEFINED, path, symbol, f"{path} needs the symbol {symbol}, which {where}{also}.")


def underlinked(path: str, library: str, symbols: Sequence[str]) -> Fault:
    """The symbols are offered by a library that the file does not ask for."""
    said = f"{path} needs {_some(symbols)} of {library}, and does not ask for that library: others must load it first."
    return Fault(Kind.UNDERLINKED, path, library, said)


def unbound(path: str, symbols: Sequence[str]) -> Fault:
    """The symbols are offered by nothing, and were not when the file was linked."""
    said = f"{path} needs {_some(symbols)}, which nothing offers here or did when it was linked: whoever loads it must."
    return Fault(Kind.UNDERLINKED, path, symbols[0], said)


def not_found(path: str, library: str, place: str, needed_by: str) -> Fault:
    """A program that will not start; ``needed_by`` is the program or one of its libraries."""
    for_whom = "" if needed_by == path else f" for {needed_by}"
    said = f"{path} will not start: {library} lies in {place}, where the loader does not look{for_whom}."
    return Fault(Kind.NOT_FOUND, path, library, said)


def no_rpath(path: str, library: str, place: str) -> Fault:
    """A library that is found only where whoever loads it knows the way."""
    said = f"{path} needs {library}, which lies in {place}, and has no search path to it."
    return Fault(Kind.RPATH, path, library, said)


def outside(path: str, rpath: str) -> Fault:
    """A search path that leaves the environment."""
    return Fault(Kind.RPATH, path, rpath, f"{path} searches libraries in {rpath}, outside of the environment.")


def build_rpath(path: str, rpath: str) -> Fault:
    """A search path into the build."""
    said = f"{path} searches libraries in {_short(rpath)}, a folder of the build."
    return Fault(Kind.BUILD_RPATH, path, _short(rpath), said)


def build_prefix(path: str, found: str) -> Fault:
    """A path of the build in any file."""
    said = f"{path} holds the path {_short(found)} of the build, which installing does not replace."
    return Fault(Kind.BUILD_PREFIX, path, _short(found), said)


def text_relocations(path: str) -> Fault:
    """DT_TEXTREL."""
    said = f"{path} has text relocations: its code was not compiled to be placed anywhere (-fPIC)."
    return Fault(Kind.TEXT_RELOCATIONS, path, "DT_TEXTREL", said)


def architecture(path: str, is_for: str, subdir: str) -> Fault:
    """``is_for`` is the format and processor of the file."""
    return Fault(Kind.ARCHITECTURE, path, is_for, f"{path} is for {is_for}, and the package for {subdir}.")


def foreign(path: str, is_for: str, subdir: str) -> Fault:
    """A file that nobody but its owner will load."""
    said = f"{path} is for {is_for}, and the package for {subdir}; no loader looks there."
    return Fault(Kind.FOREIGN, path, is_for, said)


def too_new(path: str, needs: str, asked: str, more: int = 0) -> Fault:
    """``asked`` is what the package or its dependencies ask for; ``more`` files need the same."""
    said = f"{path} needs {needs}, and the package asks for no more than {asked}{_as_do(more)}."
    return Fault(Kind.SYSTEM, path, needs, said)


def over_baseline(path: str, needs: str, baseline: str, more: int = 0) -> Fault:
    """Nobody asks for a system, and the oldest in use is older."""
    said = f"{path} needs {needs}, and the package asks for nothing: it installs on {baseline} too{_as_do(more)}."
    return Fault(Kind.BASELINE, path, needs, said)


def newer_runtime(path: str, needs: str, asked: str, more: int = 0) -> Fault:
    """A C runtime of Windows."""
    said = f"{path} was linked with {needs}, and the package asks for no more than {asked}{_as_do(more)}."
    return Fault(Kind.RUNTIME, path, needs, said)


def unreadable(path: str, why: str) -> Fault:
    """``why`` is the reader's reason, or how it died."""
    return Fault(Kind.UNREADABLE, path, path.rsplit("/", 1)[-1], f"{path} cannot be read: {why.rstrip('.')}.")


def _some(symbols: Sequence[str]) -> str:
    rest = len(symbols) - 1
    return f"the symbol {symbols[0]}" + (f" and {rest} more" if rest else "")


def _as_do(more: int) -> str:
    return f" (as do {more} more files)" if more > 1 else " (as does another file)" if more else ""


def _all(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _short(path: str) -> str:
    """Placeholders are 255 characters long."""
    return path if len(path) <= 120 else f"{path[:117]}..."
