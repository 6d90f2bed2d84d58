"""The names that a platform gives to selectors and Jinja (conda-build's ``metadata.get_selectors``)."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

_SYSTEMS = ("linux", "osx", "win", "freebsd", "zos", "emscripten", "wasi")
_ARCHITECTURES = {
    "64": "x86_64", "32": "x86", "aarch64": "aarch64", "arm64": "arm64", "armv6l": "armv6l", "armv7l": "armv7l",
    "ppc64": "ppc64", "ppc64le": "ppc64le", "riscv32": "riscv32", "riscv64": "riscv64", "s390x": "s390x",
    "wasm32": "wasm32", "z": "z",
}  # fmt: skip


@lru_cache(maxsize=64)
def platform_names(platform: str, build_platform: str = "") -> Mapping[str, object]:
    """True and false for every system and architecture, and the platforms themselves."""
    system, _, architecture = platform.partition("-")
    names: dict[str, object] = {name: name == system for name in _SYSTEMS}
    names |= {name: suffix == architecture for suffix, name in _ARCHITECTURES.items()}
    names |= {
        "x86": architecture in {"32", "64"},
        "unix": system in {"linux", "osx", "emscripten"},
        "linux32": platform == "linux-32",
        "linux64": platform == "linux-64",
        "win32": platform == "win-32",
        "win64": platform == "win-64",
        "arm": platform.startswith("linux-arm"),
        "nomkl": False,
        "target_platform": platform,
        "build_platform": build_platform or platform,
    }
    return MappingProxyType(names)


def shared_library_suffix(platform: str) -> str:
    """What shared libraries end in there."""
    return {"win": ".dll", "osx": ".dylib"}.get(platform.partition("-")[0], ".so")
