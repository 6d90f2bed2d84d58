"""rattler-build's recipe generators: a recipe out of what a package index says.

They reach the indexes themselves, at addresses that are theirs: pypi.org, r-universe.dev and cran.r-project.org,
metacpan.org, luarocks.org. They heed HTTPS_PROXY and SSL_CERT_FILE, but nothing that pip was configured with.
"""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from rattler_build import RattlerBuildError
from rattler_build import _rattler_build as _native

from controller.domain.errors import InvalidInputError, NotFoundError, UpstreamError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")
_ABSENT = re.compile(r"404|[Nn]ot found|Cannot find|No source distribution|No stable versions|Expected module")
_MARKED = re.compile(r"^\s*# -\s+(?P<spec>.+?)\s+# (?P<marker>.+)$", re.MULTILINE)
_EXTRA = re.compile(r"\bextra\s*==")
_WARNING = re.compile(r"^\s*# (?P<said>WARNING: .+(?:\n\s*# .+)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A package of an ecosystem, at a version or at its newest."""

    ecosystem: str
    name: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.ecosystem}:{self.name}{f'@{self.version}' if self.version else ''}"


@dataclass(frozen=True, slots=True)
class Generated:
    """What a generator wrote: the document, and what it said beside it in comments."""

    document: dict[str, Any]
    left_out: tuple[str, ...] = ()
    """Requirements that hold only under a condition, with it."""
    warnings: tuple[str, ...] = ()


def parse_wanted(text: str) -> Wanted:
    """``pypi:NAME@VERSION``. Raises InvalidInputError; addresses are refused, names alone go to an index."""
    ecosystem, _, rest = text.partition(":")
    name, _, version = rest.partition("@")
    if ecosystem not in _GENERATORS or not _NAME.fullmatch(name) or (version and not _VERSION.fullmatch(version)):
        raise InvalidInputError(
            f"{text!r} names no package.",
            remedy=f"Write it as pypi:NAME or pypi:NAME@VERSION; there are {', '.join(_GENERATORS)}.",
        )
    if ecosystem == "cran" and version:
        raise InvalidInputError("The generator of CRAN knows only the newest version.", remedy=f"Write cran:{name}.")
    return Wanted(ecosystem, name, version)


def generate(wanted: Wanted) -> Generated:
    """The recipe that the generator writes. Raises NotFoundError and UpstreamError."""
    if wanted.ecosystem == "luarocks" and shutil.which("lua") is None:
        raise InvalidInputError("A rockspec is a Lua program, and there is no lua.", remedy="Install lua, then again.")
    try:
        text = _GENERATORS[wanted.ecosystem](wanted)
    except RattlerBuildError as error:
        raise _refused(wanted, str(error)) from error
    return Generated(_document(wanted, text), _conditional(text), _warnings(text))


def _refused(wanted: Wanted, said: str) -> NotFoundError | UpstreamError:
    if _ABSENT.search(said):
        return NotFoundError(
            f"{_INDEXES[wanted.ecosystem]} has no source of {wanted.name} {wanted.version}".rstrip() + f": {said}",
            remedy="Look at the name and the version there.",
        )
    return UpstreamError(
        f"No recipe of {wanted}: {said}.",
        remedy=f"The generator asks {_INDEXES[wanted.ecosystem]} itself: see that this machine reaches it, by "
        "HTTPS_PROXY and SSL_CERT_FILE where it must. What pip is configured with does not count here.",
    )


def _document(wanted: Wanted, text: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UpstreamError(f"What the generator wrote for {wanted} is no YAML: {error}.") from error
    if not isinstance(document, dict):
        raise UpstreamError(f"What the generator wrote for {wanted} is no recipe.")
    return document


def _conditional(text: str) -> tuple[str, ...]:
    """Without those of extras: who wants an extra asks for it."""
    marked = [(found["spec"], found["marker"]) for found in _MARKED.finditer(text)]
    return tuple(f"{spec} ({marker})" for spec, marker in marked if not _EXTRA.search(marker))


def _warnings(text: str) -> tuple[str, ...]:
    found = [re.sub(r"\n\s*# ", " ", warning["said"]) for warning in _WARNING.finditer(text)]
    return tuple(warning.removeprefix("WARNING: ") for warning in found)


def _pypi(wanted: Wanted) -> str:
    """Without the generator's mapping of names: it looks names of PyPI up among names of conda-forge."""
    return str(_native.generate_pypi_recipe_string_py(wanted.name, wanted.version or None, False))


def _cran(wanted: Wanted) -> str:
    return str(_native.generate_r_recipe_string_py(wanted.name, None))


def _cpan(wanted: Wanted) -> str:
    return str(_native.generate_cpan_recipe_string_py(wanted.name, wanted.version or None))


def _luarocks(wanted: Wanted) -> str:
    return str(_native.generate_luarocks_recipe_string_py(f"{wanted.name}/{wanted.version}".rstrip("/")))


_GENERATORS: Mapping[str, Callable[[Wanted], str]] = {
    "pypi": _pypi, "cran": _cran, "cpan": _cpan, "luarocks": _luarocks,
}  # fmt: skip
_INDEXES = {"pypi": "pypi.org", "cran": "cran.r-universe.dev", "cpan": "metacpan.org", "luarocks": "luarocks.org"}
