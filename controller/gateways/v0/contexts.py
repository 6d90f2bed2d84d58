"""The names that Jinja and selectors of a ``meta.yaml`` know (conda-build's ``environ`` and ``metadata``).

What is only known where the build runs stands as the variable that the build script has: ``$PREFIX``.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from jinja2 import StrictUndefined

from controller.gateways.pins import typed
from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.functions import PERCENT, Calls
from controller.gateways.v0.platforms import platform_names, shared_library_suffix

DEFAULTS: dict[str, str] = {
    "python": "3.12", "numpy": "1.26", "perl": "5.26.2", "lua": "5", "r_base": "3.5",
    "cpu_optimization_target": "nocona", "cran_mirror": "https://cran.r-project.org",
}  # fmt: skip
"""conda-build's own variant, for what no pin file names."""
_AT_BUILD = (
    "PREFIX", "BUILD_PREFIX", "SRC_DIR", "RECIPE_DIR", "SP_DIR", "STDLIB_DIR", "PYTHON", "PERL", "R", "LUA", "SCRIPTS",
    "LIBRARY_PREFIX", "LIBRARY_BIN", "LIBRARY_INC", "LIBRARY_LIB", "CPU_COUNT", "SYS_PREFIX", "SYS_PYTHON", "HOME",
    "PATH", "ROOT", "HOST", "BUILD", "LUA_INCLUDE_DIR", "R_USER", "CYGWIN_PREFIX", "PKG_BUILD_STRING",
)  # fmt: skip
_OF_SOURCE = (
    "GIT_DESCRIBE_TAG", "GIT_DESCRIBE_NUMBER", "GIT_DESCRIBE_HASH", "GIT_FULL_HASH", "GIT_BUILD_STR",
    "GIT_DESCRIBE_TAG_PEP440", "HG_BRANCH", "HG_NUM_ID", "HG_LATEST_TAG", "HG_BUILD_STR", "HG_SHORT_ID",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """Everything that a recipe may speak of, for one platform and one combination of variant values.

    Nothing is made before it is asked for: a pinning has a thousand keys, and a recipe speaks of ten.
    """

    platform: str
    variant: Mapping[str, str]
    own: Mapping[str, str] = field(default_factory=dict)
    """``PKG_NAME`` and ``PKG_VERSION``, which the recipe itself says, once it was read without them."""

    def for_selectors(self, wanted: Iterable[str]) -> dict[str, object]:
        """What selectors know: the platform's names, ``py`` and its like, and the variant's values with their types."""
        found: dict[str, object] = {}
        for name in wanted:
            value = self._selector_name(name)
            if value is not None:
                found[name] = value
        return found

    def for_jinja(self, wanted: Collection[str], calls: Calls) -> dict[str, object]:
        """What Jinja knows beside functions: all that selectors know, the variant as text, the build's variables."""
        found: dict[str, object] = {}
        for name in wanted:
            text = self.text_of(name)
            value = text if text is not None else self._special(name, calls)
            if value is None:
                value = self._selector_name(name)
            if value is not None:
                found[name] = value
        return found

    def _selector_name(self, name: str) -> object:
        known = platform_names(self.platform).get(name)
        if known is None:
            language = _LANGUAGES.get(name)
            known = language(self._value) if language else None
        if known is None and name in self.variant:
            known = typed(self.variant[name])
        return Environ(self) if known is None and name == "environ" else known

    def text_of(self, name: str) -> str | None:
        """A variable of the environment, or a key of the variant."""
        if name in self.variant or name in DEFAULTS:
            return self._value(name)
        if name in self.own:
            return self.own[name]
        made = _VARIABLES.get(name)
        if made:
            return made(self)
        if name in _AT_BUILD:
            return f"{PERCENT}{name}{PERCENT}" if self.platform.startswith("win-") else f"${name}"
        return None

    def _special(self, name: str, calls: Calls) -> object:
        if name in _KEPT:
            return calls.keep(_KEPT[name])
        if name in _OF_SOURCE:
            return StrictUndefined(hint=f"{name} comes from the source, which is not here yet")
        if name == "environ":
            return Environ(self)
        if name == "os":
            known = Environ(self)
            return SimpleNamespace(environ=known, getenv=known.get, sep="/", pathsep=":")
        return None

    def _value(self, key: str) -> str:
        return self.variant.get(key) or DEFAULTS.get(key, "")

    def version_of(self, key: str, parts: int) -> str:
        """The first parts of a language's version; what follows a blank is a build string."""
        return ".".join(self._value(key).partition(" ")[0].split(".")[:parts])


def _digits(version: str) -> int:
    first, second = [*version.partition(" ")[0].split("."), "0"][:2]
    return int("".join(re.findall(r"\d", first + second)) or "0")


_Value = Callable[[str], str]
_LANGUAGES: Mapping[str, Callable[[_Value], object]] = {
    "py": lambda value: _digits(value("python")),
    "py3k": lambda value: value("python").startswith("3"),
    "py2k": lambda value: value("python").startswith("2."),
    "np": lambda value: _digits(value("numpy")),
    "pl": lambda value: value("perl"),
    "lua": lambda value: value("lua"),
    "luajit": lambda value: value("lua").startswith("2"),
} | {f"py{old}": lambda value, old=old: _digits(value("python")) == old for old in (26, 27, 33, 34, 35, 36)}
SPOKEN_FOR: Mapping[str, str] = {
    **{name: "python" for name in _LANGUAGES if name.startswith("py")},
    "np": "numpy", "pl": "perl", "lua": "lua", "luajit": "lua",
    "PY_VER": "python", "CONDA_PY": "python", "PY3K": "python", "NPY_VER": "numpy", "CONDA_NPY": "numpy",
    "PERL_VER": "perl", "CONDA_PERL": "perl", "R_VER": "r_base", "CONDA_R": "r_base", "LUA_VER": "lua",
}  # fmt: skip
"""Names whose value follows from a key of the variant, without being that key."""
_VARIABLES: Mapping[str, Callable[[Names], str]] = {
    "ARCH": lambda names: names.platform.partition("-")[2],
    "SUBDIR": lambda names: names.platform,
    "SHLIB_EXT": lambda names: shared_library_suffix(names.platform),
    "CONDA_BUILD": lambda _: "1",
    "CONDA_BUILD_STATE": lambda _: "RENDER",
    "PYTHONNOUSERSITE": lambda _: "1",
    "PY_VER": lambda names: names.version_of("python", 2),
    "CONDA_PY": lambda names: names.version_of("python", 2).replace(".", ""),
    "PY3K": lambda names: str(int(names.version_of("python", 1) == "3")),
    "NPY_VER": lambda names: names.version_of("numpy", 2),
    "CONDA_NPY": lambda names: names.version_of("numpy", 2).replace(".", ""),
    "PERL_VER": lambda names: names.version_of("perl", 2),
    "CONDA_PERL": lambda names: names.version_of("perl", 2),
    "R_VER": lambda names: names.version_of("r_base", 3),
    "CONDA_R": lambda names: names.version_of("r_base", 3),
    "LUA_VER": lambda names: names.version_of("lua", 2),
}
_KEPT = {"PKG_HASH": "hash", "PKG_BUILDNUM": "build_number"}


@dataclass(frozen=True, slots=True)
class Environ(Mapping[str, str]):
    """``environ``: what the build will have, never what the controller has."""

    _names: Names
    """Private: Jinja reaches no name that starts so."""

    def __getitem__(self, name: str) -> str:
        value = self._names.text_of(name)
        if value is None:
            raise V0Error(
                f"environ[{name!r}] is not known when a recipe is read.",
                remedy="Give it a default with environ.get, or name it in a pin file.",
            )
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """The variable, or ``default``."""
        value = self._names.text_of(name)
        return default if value is None else value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._names.text_of(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(())  # a recipe that lists the environment would differ from one machine to the next

    def __len__(self) -> int:
        return 0


def cdt_of(platform: str, variant: Mapping[str, str]) -> Callable[[str], str]:
    """``cdt('x')``: the package of the core dependency tree (conda-build's ``jinja_context.cdt``)."""
    architecture = platform.partition("-")[2]
    machine = {"64": "x86_64", "32": "i686"}.get(architecture, architecture)
    name = variant.get("cdt_name") or ("cos6" if architecture in {"64", "32"} else "cos7")
    machine = variant.get("cdt_arch") or machine

    def cdt(package: str) -> str:
        first, *rest = str(package).split(" ")
        return " ".join([f"{first}-{name}-{machine}", *rest])

    return cdt
