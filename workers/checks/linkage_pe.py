"""How Windows finds libraries and binds symbols: the folder of the file, then those of an activated environment."""

import posixpath
from collections.abc import Iterator

from workers.checks import linkage_faults as say
from workers.checks.binaries import Binary
from workers.checks.linkage_environment import Environment
from workers.checks.linkage_faults import Fault
from workers.checks.linkage_scope import Link, Reach, Scopes, is_allowed
from workers.checks.linkage_systems import RUNTIME_LIBRARIES, matches

_PATH = ("", "Library/mingw-w64/bin", "Library/usr/bin", "Library/bin", "Scripts", "bin", "DLLs")
"""What activation puts into PATH, and where python adds its own."""


def load(env: Environment, binary: Binary, needed: str, _loaders: tuple[Binary, ...]) -> Link:
    """The system's own come first: they are known to the loader before any folder is looked into."""
    if env.package.target.has(needed):
        return Link(needed, Reach.SYSTEM)
    for folder in (posixpath.dirname(binary.path), *_PATH):
        if path := env.at(folder, needed):
            return Link(needed, Reach.FOUND, path)
    aside = [path for path in env.named(needed) if env.is_brought(path)]
    return Link(needed, Reach.ASIDE, aside[0]) if aside else Link(needed, Reach.ABSENT)


def undefined(scopes: Scopes, binary: Binary) -> Iterator[Fault]:
    """Functions that the DLL they are imported from does not offer; those by number are not judged."""
    for source, symbols in binary.imported.items():
        link = scopes.link(binary, source)
        library = scopes.env.read(link.path) if link.path else None
        if library is None or is_allowed(scopes.env, link):
            continue
        names = (s for s in symbols if not s.startswith("#") and s not in library.exported)
        yield from (say.undefined(binary.path, symbol, source) for symbol in names)


def uses_runtime(binary: Binary) -> bool:
    """Whether the file needs the C runtime of Visual Studio."""
    return any(matches(name, RUNTIME_LIBRARIES) for name in binary.needed)
