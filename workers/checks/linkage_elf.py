"""How Linux finds libraries and binds symbols: DT_RPATH, DT_RUNPATH, versions (ld.so(8))."""

import posixpath
import re
from collections.abc import Iterator

from workers.checks import linkage_faults as say
from workers.checks.binaries import Binary
from workers.checks.linkage_environment import Environment, inside
from workers.checks.linkage_faults import Fault
from workers.checks.linkage_scope import Link, Reach, Scope, Scopes, is_allowed
from workers.checks.linkage_systems import GLIBC, glibc_symbols, matches, version

_MOST_SYMBOLS = 20
"""Undefined symbols that are named of one file; the last of them says how many more there are."""
_GLIBC = re.compile(r"GLIBC_(\d{1,4}(?:\.\d{1,4})*)")


def load(env: Environment, binary: Binary, needed: str, loaders: tuple[Binary, ...]) -> Link:
    """Search paths first, then the system's own folders."""
    if "/" in needed:
        return _by_path(env, needed)
    for folder in _folders(env, binary, loaders):
        if path := env.at(folder, needed):
            return Link(needed, Reach.FOUND, path)
    if env.package.target.has(needed):
        return Link(needed, Reach.SYSTEM)
    aside = [path for path in env.named(needed) if env.is_brought(path)]
    return Link(needed, Reach.ASIDE, aside[0]) if aside else Link(needed, Reach.ABSENT)


def _by_path(env: Environment, needed: str) -> Link:
    folder, _, name = needed.rpartition("/")
    within = env.folder(folder)
    path = "" if within is None else env.at(within, name)
    if path:
        return Link(needed, Reach.FOUND, path)
    return Link(needed, Reach.SYSTEM if env.package.target.has(name) else Reach.ABSENT)


def _folders(env: Environment, binary: Binary, loaders: tuple[Binary, ...]) -> Iterator[str]:
    """DT_RPATH of the binary and of those who loaded it, unless it has a DT_RUNPATH, which is for itself alone."""
    chain = () if binary.runpaths else (binary, *loaders)
    for one in chain:
        if not one.runpaths:
            yield from (folder for entry in one.rpaths for folder in expand(env, one.path, entry))
    yield from (folder for entry in binary.runpaths for folder in expand(env, binary.path, entry))


def expand(env: Environment, path: str, entry: str) -> list[str]:
    """The folders of the environment that a search path of the file at ``path`` means; none for one outside."""
    text = entry.replace("${ORIGIN}", "$ORIGIN").replace("${LIB}", "$LIB")
    found = []
    for library_folder in ("lib", "lib64") if "$LIB" in text else ("",):
        one = text.replace("$LIB", library_folder)
        if one == "$ORIGIN" or one.startswith("$ORIGIN/"):
            folder = inside(f"{posixpath.dirname(path)}/{one[8:]}".lstrip("/"))
        else:
            folder = env.folder(posixpath.normpath(one)) if one.startswith("/") else None
        found += [] if folder is None else [folder]
    return found


def undefined(scopes: Scopes, binary: Binary) -> Iterator[Fault]:
    """Symbols that nothing offers which comes into memory with ``binary``."""
    scope = scopes.of(binary)
    lost = list(_lost_versions(scopes.env, scope, binary))
    unbound = set(binary.imported.get("", ())) - scopes.env.names(binary.path)
    for path in scope.libraries:
        unbound -= unbound & scopes.env.names(path)
    unbound -= unbound & glibc_symbols()
    if unbound and not scope.unknown:
        yield from _elsewhere(scopes, binary, unbound)
        never = set() if binary.program else unbound & binary.untyped
        yield from [say.unbound(binary.path, sorted(never))] if never else []
        lost += [(symbol, "") for symbol in sorted(unbound - never)]
    for at, (symbol, source) in enumerate(lost[:_MOST_SYMBOLS], 1):
        more = len(lost) - _MOST_SYMBOLS if at == _MOST_SYMBOLS else 0
        yield say.undefined(binary.path, symbol, source, max(more, 0))


def _lost_versions(env: Environment, scope: Scope, binary: Binary) -> Iterator[tuple[str, str]]:
    """Versioned symbols that the library they must come from does not define. One without versions offers any."""
    for source, symbols in binary.imported.items():
        library = scope.called(source) if source else None
        if library is None or is_allowed(env, Link(source, Reach.FOUND, library.path)):
            continue
        versioned = any("@" in symbol for symbol in library.exported)
        for symbol in symbols:
            offered = symbol if versioned else symbol.partition("@")[0]
            if offered not in library.exported and not any(symbol in o.exported for o in scope.libraries.values()):
                yield symbol, source


def _elsewhere(scopes: Scopes, binary: Binary, unbound: set[str]) -> Iterator[Fault]:
    """Take away from ``unbound`` what programs offer to those they load, and what libraries offer unasked."""
    env, scope = scopes.env, scopes.of(binary)
    for path in () if binary.program else env.programs():
        program = env.read(path) if unbound else None
        if program and program.format == binary.format and program.program:
            for offering in (path, *scopes.of(program).libraries):
                unbound -= unbound & env.names(offering)
    for path in env.libraries():
        if not unbound:
            return
        if path not in scope.libraries and path != binary.path and (found := unbound & env.names(path)):
            unbound -= found
            library = env.read(path)
            yield say.underlinked(binary.path, (library.name if library else "") or path, sorted(found))


def newest_glibc(binary: Binary) -> str:
    """The newest version of glibc that the file asks for; empty where it asks for none."""
    found = [
        _GLIBC.fullmatch(name)
        for library, names in binary.versions.items() if matches(library, GLIBC)
        for name in names
    ]  # fmt: skip
    return ".".join(map(str, max((version(number[1]) for number in found if number), default=())))
