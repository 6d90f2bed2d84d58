"""What a match spec admits. The arithmetic is py-rattler's; here are only the questions the rules ask."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from rattler import MatchSpec, Version, VersionSpec
from rattler.exceptions import InvalidMatchSpecError, InvalidVersionError, InvalidVersionSpecError

_NAME_ENDS = re.compile(r"[\s\[=<>!~]")
_UNREADABLE = (InvalidMatchSpecError, InvalidVersionError, InvalidVersionSpecError, ValueError)
_SIZE = 1 << 17


@dataclass(frozen=True, slots=True)
class Bound:
    """A spec, taken apart. ``version`` None admits every version, ``build`` empty every build string."""

    name: str
    version: VersionSpec | None
    build: str

    @property
    def names_one_build(self) -> bool:
        """Whether it asks for one build string and no other, as an exact pin does."""
        return bool(self.build) and not any(mark in self.build for mark in "*^$")


@lru_cache(_SIZE)
def name_of(spec: str) -> str:
    """The package that a match spec speaks of, in lower case."""
    return _NAME_ENDS.split(spec.rsplit("::", 1)[-1].strip(), maxsplit=1)[0].lower()


@lru_cache(_SIZE)
def version_of(text: str) -> Version | None:
    """The version, to be ordered; None for one that cannot be read, as some real trees hold."""
    try:
        return Version(text)
    except _UNREADABLE:
        return None


@lru_cache(_SIZE)
def bound_of(spec: str) -> Bound:
    """The spec taken apart; one that cannot be read bounds nothing, since the solver will say so better."""
    name = name_of(spec)
    if spec == name:
        return Bound(name, None, "")
    try:
        parsed = MatchSpec(spec, strict=False)
        version = VersionSpec(str(parsed.version)) if parsed.version else None
        return Bound(name, version, str(parsed.build or ""))
    except _UNREADABLE:
        return Bound(name, None, "")


@lru_cache(_SIZE)
def admits_version(spec: str, version: str) -> bool:
    """Whether ``spec`` admits this version, whatever the build."""
    bound = bound_of(spec)
    try:
        return bound.version is None or bound.version.matches(Version(version))
    except _UNREADABLE:
        return True


def admits(spec: str, version: str, build: str) -> bool:
    """Whether ``spec`` admits this version in this build."""
    if not admits_version(spec, version):
        return False
    wanted = bound_of(spec).build
    if not wanted or wanted == build:
        return True
    if wanted.startswith("^"):
        return bool(re.search(wanted, build))
    return fnmatchcase(build, wanted)
