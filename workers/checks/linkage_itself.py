"""What is wrong with programs and libraries by themselves, whatever they need: processor, system, search paths."""

from collections.abc import Iterator, Mapping, Sequence

from workers.checks import linkage_faults as say
from workers.checks.binaries import Binary
from workers.checks.linkage_elf import expand as expand_elf
from workers.checks.linkage_elf import newest_glibc
from workers.checks.linkage_environment import Environment, is_library_name
from workers.checks.linkage_faults import Fault
from workers.checks.linkage_macho import expand as expand_macho
from workers.checks.linkage_pe import uses_runtime
from workers.checks.linkage_systems import (
    DEVICES,
    RUNTIMES,
    is_library_folder,
    is_program_folder,
    least,
    matches,
    version,
)
from workers.checks.linkage_text import is_build_path

_TRIVIAL_RPATHS = ("/usr/lib/swift",)
"""The way to macOS's own libraries, which compilers write down."""


def faults_of(env: Environment, binary: Binary) -> Iterator[Fault]:
    """All but its processor and system, and what it needs of others."""
    yield from _search_paths(env, binary)
    if binary.text_relocations:
        yield say.text_relocations(binary.path)


def is_for_target(env: Environment, binary: Binary) -> bool:
    """Whether the target's own loader can take it."""
    target = env.package.target
    return binary.linked and binary.format == target.format and binary.machine == (target.machine or binary.machine)


def foreign(env: Environment, binary: Binary) -> Iterator[Fault]:
    """A file that the target's loader cannot take: a fault where it would meet it, else a note or nothing."""
    if not binary.linked or binary.machine in DEVICES:
        return
    target = env.package.target
    is_for = f"{binary.format} {binary.machine}"
    in_folder = is_library_folder(binary.path) and is_library_name(binary.path)
    if in_folder or is_program_folder(binary.path) or _is_extension(env, binary.path):
        yield say.architecture(binary.path, is_for, target.subdir)
    elif binary.format == target.format:
        yield say.foreign(binary.path, is_for, target.subdir)


def misfit(env: Environment, path: str) -> Iterator[Fault]:
    """A library that is found where it is looked for, and that the target's loader cannot take."""
    library = env.read(path)
    if library and not is_for_target(env, library):
        yield say.architecture(path, f"{library.format} {library.machine}", env.package.target.subdir)


def _is_extension(env: Environment, path: str) -> bool:
    """Whether python, or a loader by name, would take the file; a DLL may be there for processes of another kind."""
    if env.package.target.format == "pe":
        return path.endswith(".pyd")
    return is_library_name(path) and ("site-packages/" in path or "lib-dynload/" in path) and ".cpython-" in path


def _search_paths(env: Environment, binary: Binary) -> Iterator[Fault]:
    for entry in dict.fromkeys((*binary.rpaths, *binary.runpaths)):
        if _expand(env, binary, entry) or entry in _TRIVIAL_RPATHS:
            continue
        of_build, allowed = is_build_path(entry, env.package.build_folders), matches(entry, env.package.allowed_rpaths)
        if of_build and not allowed:
            yield say.build_rpath(binary.path, entry)
        elif of_build or not allowed:  # one that the recipe allows stops nothing, and is told all the same
            yield say.outside(binary.path, entry)


def _expand(env: Environment, binary: Binary, entry: str) -> list[str]:
    if binary.format == "elf":
        return expand_elf(env, binary.path, entry)
    return expand_macho(env, binary.path, binary.path, entry)


def systems(env: Environment, binaries: Sequence[Binary]) -> Iterator[Fault]:
    """The systems that files need against what is asked for, or else against the oldest in use; of several files
    that need the same the first is named.
    """
    format_, (virtual, baseline) = env.package.target.format, env.package.target.baseline
    if format_ == "pe":
        yield from _runtimes(env, binaries)
        return
    asked = _asked(env, virtual)
    needs = {b.path: newest_glibc(b) if format_ == "elf" else ".".join(map(str, b.made_for)) for b in binaries}
    for need, paths in _too_new(needs, asked or baseline):
        if asked:
            yield say.too_new(paths[0], f"{virtual} {need}", f"{virtual} >={asked}", len(paths) - 1)
        elif baseline:
            yield say.over_baseline(paths[0], f"{virtual} {need}", f"{virtual} {baseline}", len(paths) - 1)


def _runtimes(env: Environment, binaries: Sequence[Binary]) -> Iterator[Fault]:
    name, asked = next(((name, asked) for name in RUNTIMES if (asked := _asked(env, name))), ("", ""))
    needs = {b.path: ".".join(map(str, b.made_for)) for b in binaries if asked and uses_runtime(b)}
    for need, paths in _too_new(needs, asked):
        yield say.newer_runtime(paths[0], f"Visual C++ {need}", f"{name} >={asked}", len(paths) - 1)


def _too_new(needs: Mapping[str, str], limit: str) -> list[tuple[str, list[str]]]:
    """What is newer than ``limit`` with the files that need it, the newest first."""
    found: dict[str, list[str]] = {}
    for path, need in needs.items():
        if _is_newer(need, limit):
            found.setdefault(need, []).append(path)
    return sorted(found.items(), key=lambda each: version(each[0]), reverse=True)


def _asked(env: Environment, name: str) -> str:
    """The highest of the lowest versions that the package and what it depends on ask for."""
    brought = (env.records[each].depends for each in env.reachable if each in env.records)
    found = [least(depends[name]) for depends in (env.package.depends, *brought) if name in depends]
    return max(found, key=version, default="")


def _is_newer(needs: str, asked: str) -> bool:
    """A number that is wanting counts as 0: 14.0 is no newer than 14."""
    one, other = version(needs), version(asked)
    length = max(len(one), len(other))
    return one + (0,) * (length - len(one)) > other + (0,) * (length - len(other))
