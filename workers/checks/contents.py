"""What a package must hold: the test ``package_contents`` over the paths that the package lists.

The source of the format is rattler-build's ``package_contents``: globs as in Rust's ``globset`` (``*`` also passes over
``/``; ``{a,b}`` may have an empty branch), put below the folders where each system keeps programs, libraries, headers
and Python modules. rattler-build itself looks while it builds, and since 2024 leaves these tests out of the package.
"""

import re
from collections.abc import Iterable, Sequence

from workers.checks.definitions import TestDefinition

_PROGRAMS = ("Library/bin/", "Scripts/", "bin/", "Library/mingw-w64/bin/", "Library/usr/bin/", "")
_PROGRAM_ENDS = "{,.exe,.bat,.cmd,.com,.ps1}"


def faults(test: TestDefinition, paths: Sequence[str], subdir: str, *, noarch_python: bool) -> list[str]:
    """What is missing, or there though it must not be, as sentences; none if all is well."""
    found, seen = list[str](), set[str]()
    for section, (exists, absent) in test.contents.items():
        for glob in exists:
            for entry in _entries(section, glob, subdir, noarch_python):
                matches = _matches(entry, paths)
                seen.update(matches)
                found += [] if matches else [f"{section}: nothing is like {' or '.join(entry)}"]
        for glob in absent:
            for entry in _entries(section, glob, subdir, noarch_python):
                matches = _matches(entry, paths)
                found += [f"{section}: {matches[0]} must not be there ({glob})"] if matches else []
    rest = [path for path in paths if path not in seen] if test.strict else []
    return found + ([f"strict: {len(rest)} files are named by no test, {rest[0]} first"] if rest else [])


def _matches(globs: Iterable[str], paths: Sequence[str]) -> list[str]:
    patterns = [_pattern(glob) for glob in globs]
    return [path for path in paths if any(pattern.fullmatch(path) for pattern in patterns)]


def _pattern(glob: str) -> re.Pattern[str]:
    try:
        return re.compile(translate(glob))
    except re.error:
        return re.compile(re.escape(glob))


def _entries(section: str, glob: str, subdir: str, noarch_python: bool) -> list[tuple[str, ...]]:
    """Sets of globs; of each set one must match."""
    windows = subdir.startswith("win-")
    match section:
        case "include":
            return [(f"{'Library/' if windows else ''}include/{glob}",)]
        case "bin":
            return [tuple(f"{at}{glob}{_PROGRAM_ENDS}" for at in _PROGRAMS)] if windows else [(f"bin/{glob}",)]
        case "lib":
            return _windows_libraries(glob) if windows else [_libraries(glob, subdir)]
        case "site_packages":
            return [_modules(glob, windows, noarch_python)]
        case _:
            return [(glob,)]


def _windows_libraries(glob: str) -> list[tuple[str, ...]]:
    if glob.endswith((".dll", ".lib")):
        return [(f"Library/{'bin' if glob.endswith('.dll') else 'lib'}/{glob}",)]
    return [(f"Library/bin/{glob}.dll",), (f"Library/lib/{glob}.lib",)]


def _libraries(glob: str, subdir: str) -> tuple[str, ...]:
    if subdir.startswith("osx-"):
        whole = glob.endswith((".dylib", ".a"))
        return (f"lib/{glob}",) if whole else (f"lib/{{,lib}}{glob}.dylib", f"lib/{{,lib}}{glob}.*.dylib")
    whole = glob.endswith((".so", ".a")) or ".so." in glob
    return (f"lib/{glob}",) if whole else (f"lib/{{,lib}}{glob}.so", f"lib/{{,lib}}{glob}.so.*")


def _modules(glob: str, windows: bool, noarch_python: bool) -> tuple[str, ...]:
    base = "site-packages" if noarch_python else "Lib/site-packages" if windows else "lib/python*/site-packages"
    if "/" in glob:
        return (f"{base}/{glob}",)
    path = glob.replace(".", "/")
    return f"{base}/{path}.py", f"{base}/{path}/__init__.py"


def translate(glob: str) -> str:
    """The regular expression that a glob of Rust's ``globset`` stands for. A glob that is none matches itself."""
    found, at, depth = list[str](), 0, 0
    while at < len(glob):
        piece, step, depth = _piece(glob, at, depth)
        found.append(piece)
        at += step
    return "(?s:" + "".join(found) + ")" if depth == 0 else re.escape(glob)


def _piece(glob: str, at: int, depth: int) -> tuple[str, int, int]:
    """The expression for what stands at ``at``, how many letters that is, and how many braces are then open."""
    rest = glob[at:]
    if rest.startswith("**/") and (at == 0 or glob[at - 1] == "/"):
        return "(?:.*/)?", 3, depth
    if rest[0] == "*":
        return ".*", len(rest) - len(rest.lstrip("*")), depth
    if rest[0] == "[" and (listed := re.match(r"\[[!^]?\]?[^\]]*\]", rest)):
        inner = listed[0][1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]", len(listed[0]), depth
    if rest[0] == "\\" and len(rest) > 1:
        return re.escape(rest[1]), 2, depth
    if rest[0] == "," and depth:
        return "|", 1, depth
    signs = {"?": (".", depth), "{": ("(?:", depth + 1), "}": (")" if depth else "\\}", max(depth - 1, 0))}
    sign, left = signs.get(rest[0], (re.escape(rest[0]), depth))
    return sign, 1, left
