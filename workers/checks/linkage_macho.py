"""How macOS finds libraries and binds symbols: install names, LC_RPATH, two-level namespaces (dyld(1))."""

import posixpath
from collections.abc import Iterator

from workers.checks import linkage_faults as say
from workers.checks.binaries import Binary
from workers.checks.linkage_environment import Environment, inside
from workers.checks.linkage_faults import Fault
from workers.checks.linkage_scope import Link, Reach, Scopes, is_allowed


def load(env: Environment, binary: Binary, needed: str, loaders: tuple[Binary, ...]) -> Link:
    """A path as it stands, or relative to the search paths of the binary and of those who loaded it."""
    for path in _places(env, binary, needed, loaders):
        if found := env.at(posixpath.dirname(path), posixpath.basename(path)):
            return Link(needed, Reach.FOUND, found)
    if env.package.target.has(needed):
        return Link(needed, Reach.SYSTEM)
    if needed.startswith("/"):
        return Link(needed, Reach.ABSENT)
    aside = [path for path in env.named(posixpath.basename(needed)) if env.is_brought(path)]
    return Link(needed, Reach.ASIDE, aside[0]) if aside else Link(needed, Reach.ABSENT)


def _places(env: Environment, binary: Binary, needed: str, loaders: tuple[Binary, ...]) -> Iterator[str]:
    chain = (binary, *loaders)
    if not needed.startswith("@rpath/"):
        yield from expand(env, binary.path, chain[-1].path, needed)
        return
    for one in chain:
        for entry in one.rpaths:
            for folder in expand(env, one.path, chain[-1].path, entry):
                place = inside(f"{folder}/{needed.removeprefix('@rpath/')}".lstrip("/"))
                yield from [place] if place else []


def expand(env: Environment, path: str, program: str, entry: str) -> list[str]:
    """What a path of the file at ``path`` means in the environment; nothing for one outside."""
    text = entry.rstrip("/")
    for word, whose in (("@loader_path", path), ("@executable_path", program)):
        if text == word or text.startswith(word + "/"):
            found = inside(f"{posixpath.dirname(whose)}/{text[len(word) + 1 :]}".lstrip("/"))
            return [] if found is None else [found]
    found = env.folder(posixpath.normpath(text)) if text.startswith("/") else None
    return [] if found is None else [found]


def undefined(scopes: Scopes, binary: Binary) -> Iterator[Fault]:
    """Symbols that the very library they are bound to does not offer."""
    for source, symbols in binary.imported.items():
        link = scopes.link(binary, source)
        if link.reach in {Reach.SYSTEM, Reach.ABSENT} or is_allowed(scopes.env, link):
            continue
        offered = _offered(scopes, link, frozenset())
        if offered is not None:
            yield from (say.undefined(binary.path, s, posixpath.basename(source)) for s in symbols if s not in offered)


def _offered(scopes: Scopes, link: Link, seen: frozenset[str]) -> frozenset[str] | None:
    """What a library offers with all that it hands on; None where nobody can say."""
    library = scopes.env.read(link.path) if link.path else None
    if library is None or link.path in seen:
        return frozenset() if link.path in seen else None
    offered = library.exported
    for name in library.reexported:
        more = _offered(scopes, scopes.link(library, name), seen | {link.path})
        if more is None:
            return None
        offered |= more
    return offered
