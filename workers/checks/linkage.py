"""Whether what a package was linked with is what it will find: its programs and libraries against an environment.

Nothing is run, so every worker can look at packages of every platform. See ``docs/explanation/linkage.md``.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

from workers.checks import linkage_elf, linkage_itself, linkage_macho, linkage_pe
from workers.checks import linkage_faults as say
from workers.checks.binaries import Binary
from workers.checks.linkage_environment import Environment, is_library_name, open_environment
from workers.checks.linkage_faults import Fault
from workers.checks.linkage_package import Checked, read_package
from workers.checks.linkage_scope import Link, Reach, Scopes, is_allowed
from workers.checks.linkage_systems import is_of_another_system, matches
from workers.checks.linkage_text import find_build_path

_LOADERS: Mapping[str, ModuleType] = {"elf": linkage_elf, "macho": linkage_macho, "pe": linkage_pe}
_NOTHING: Mapping[str, str] = {}


def check_linkage(
    package_folder: Path,
    prefix: Path,
    before: Callable[[str], None] = lambda _path: None,
    skip: Mapping[str, str] = _NOTHING,
) -> list[Fault]:
    """All faults and notes of an unpacked package that is installed in ``prefix`` with its run dependencies.

    Empty for ``noarch``, and for a package without programs or libraries. Raises OSError or ValueError where the
    package or the records of the prefix cannot be read. ``before`` hears of each file before it is read, and of an
    empty path when no more of them will be; ``skip`` are files that took a reader down, with what happened.
    """
    package = read_package(package_folder)
    binaries = dict(package.binaries()) if package.target.format else {}
    if not binaries:
        return []
    env = open_environment(package, prefix)
    env.before, env.skip = before, skip
    scopes = Scopes(env, _LOADERS[package.target.format].load)
    found = [fault for path in binaries for fault in _of_file(scopes, path)]
    found += [say.unreadable(path, why) for path, why in env.unreadable.items() if path in binaries]
    loadable = [binary for path in binaries if (binary := _loadable(env, path))]
    found += [*linkage_itself.systems(env, loadable), *_unused(scopes, loadable)]
    before("")
    return [*found, *_build_paths(package)]


def _loadable(env: Environment, path: str) -> Binary | None:
    binary = None if is_of_another_system(path) else env.read(path)
    return binary if binary and linkage_itself.is_for_target(env, binary) else None


def _of_file(scopes: Scopes, path: str) -> Iterator[Fault]:
    binary = None if is_of_another_system(path) else scopes.env.read(path)
    if binary is None:
        return
    if not linkage_itself.is_for_target(scopes.env, binary):
        yield from linkage_itself.foreign(scopes.env, binary)
        return
    yield from linkage_itself.faults_of(scopes.env, binary)
    yield from _needed(scopes, binary)
    yield from _LOADERS[binary.format].undefined(scopes, binary)


def _needed(scopes: Scopes, binary: Binary) -> Iterator[Fault]:
    for needed in binary.needed:
        link = scopes.link(binary, needed)
        if not is_allowed(scopes.env, link):
            yield from _provided(scopes.env, binary, link)
            yield from linkage_itself.misfit(scopes.env, link.path)
            if link.reach is Reach.ASIDE and not binary.program:
                yield say.no_rpath(binary.path, needed, link.path)
    if binary.program:
        for asking, link in scopes.of(binary).aside:
            if not is_allowed(scopes.env, link):
                yield say.not_found(binary.path, link.needed, link.path, asking.path)


def _provided(env: Environment, binary: Binary, link: Link) -> Iterator[Fault]:
    """Whether the package or a dependency that it names has the library."""
    if link.reach is Reach.SYSTEM or (link.reach is Reach.ABSENT and link.needed in binary.optional):
        return
    if not link.path or not env.is_brought(link.path):
        by = {env.owners[path] for path in env.named(link.needed.rpartition("/")[2])}
        yield say.missing(binary.path, link.needed, sorted(by))
        return
    owner = env.owners[link.path]
    if owner != env.package.name and owner not in env.package.depends and not _is_wrapped(env, owner):
        yield say.undeclared(binary.path, link.needed, owner, sorted(env.reachable[owner]))


def _is_wrapped(env: Environment, owner: str) -> bool:
    """Whether a dependency stands for ``owner``: it has no libraries of its own, and asks for it by name."""
    named = (env.records[name] for name in env.package.depends if name in env.records)
    return any(owner in record.depends and not any(map(is_library_name, record.files)) for record in named)


def _unused(scopes: Scopes, binaries: list[Binary]) -> Iterator[Fault]:
    """Dependencies that are there for nothing but their libraries, of which none is needed."""
    env, used = scopes.env, set[str]()
    for binary in binaries:
        links = (scopes.link(binary, needed) for needed in binary.needed)
        used |= {env.owners[link.path] for link in links if link.path}
    for name in env.package.depends:
        record = env.records.get(name)
        if record and name not in used and _is_library_alone(record.files):
            yield say.unused(name)


def _is_library_alone(files: tuple[str, ...]) -> bool:
    """Whether a package has libraries to link, and no programs or modules that one may want it for."""
    folders = ("bin/", "sbin/", "Scripts/", "libexec/")
    libraries = [f for f in files if is_library_name(f) and matches(f, ("lib/lib*", "Library/bin/*.dll"))]
    other = [f for f in files if f.startswith(folders) or "site-packages/" in f or f.endswith(".exe")]
    return bool(libraries) and not other


def _build_paths(package: Checked) -> Iterator[Fault]:
    for place in sorted(package.folder.rglob("*")):
        path = place.relative_to(package.folder).as_posix()
        if not path.startswith("info/") and place.is_file() and not place.is_symlink():
            found = find_build_path(package, path)
            yield from [say.build_prefix(path, found)] if found else []
