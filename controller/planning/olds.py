"""Old packages: what stands in the target under a name, and whether it can stand in for what is still to be built."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rattler import Version

from controller.domain.artifacts import Artifact
from controller.planning.providers import NOARCH
from controller.planning.specs import admits, bound_of, name_of


class New(NamedTuple):
    """A package that is still to be built, as its recipe names it; ``renumbered`` where its number will be another."""

    version: str
    build: str
    renumbered: bool

    def meets(self, spec: str) -> bool:
        """Whether it will be admitted; no bound on one build string can mean a number that was never used."""
        return not (self.renumbered and bound_of(spec).names_one_build) and admits(spec, self.version, self.build)


News = Mapping[str, Sequence[New]]
"""Name to the new packages of that name, one of which an environment must hold."""


@dataclass(frozen=True, slots=True)
class Olds:
    """The packages of a target by subdir and name. ``upstream`` says whether other channels stand behind it."""

    base: Mapping[tuple[str, str], Sequence[Artifact]]
    upstream: bool = False

    def meeting(self, spec: str, platform: str) -> list[Artifact]:
        """The packages that meet a need of something that is built for ``platform``, newest first."""
        return [old for old in self.named(name_of(spec), platform) if admits(spec, old.version, old.build)]

    def named(self, name: str, platform: str) -> list[Artifact]:
        """All packages of that name, newest first."""
        found = [*self.base.get((platform, name), ()), *self.base.get((NOARCH, name), ())]
        return sorted(found, key=lambda old: (Version(old.version), old.build_number, old.timestamp_ms), reverse=True)

    def is_elsewhere(self, name: str, platform: str) -> bool:
        """Whether only another channel can have it; nobody is sent there for what the farm makes (see Holdings)."""
        return self.upstream and not self.named(name, platform)

    def excluded(self, old: Artifact, news: News) -> dict[str, str]:
        """Names of new packages that cannot stand beside an old one, with the bound of it, or of what it runs with."""
        found: dict[str, str] = {}
        seen, waiting = {old.name}, [old]
        while waiting:
            for spec in _bounds(waiting.pop()):
                name = name_of(spec)
                if name in news:
                    if not any(new.meets(spec) for new in news[name]):
                        found.setdefault(name, spec)
                elif name not in seen:
                    seen.add(name)
                    waiting += self.meeting(spec, old.subdir)[:1]
        return found


def standing(files: Iterable[str]) -> Mapping[tuple[str, str], Sequence[Artifact]]:
    """What is known of a target by the names of its files alone, each ``subdir/file name``."""
    found: dict[tuple[str, str], list[Artifact]] = {}
    for file in files:
        artifact = _named(file)
        found.setdefault((artifact.subdir, artifact.name), []).append(artifact)
    return found


def _named(file: str) -> Artifact:
    subdir, _, file_name = file.partition("/")
    name, version, build = file_name.removesuffix(".conda").removesuffix(".tar.bz2").rsplit("-", 2)
    return Artifact(file_name, subdir, name, version, build, 0, sha256="", md5="", size=0, timestamp_ms=0)


def _bounds(artifact: Artifact) -> Iterator[str]:
    yield from (dependency.spec for dependency in artifact.depends)
    yield from (dependency.spec for dependency in artifact.constrains)
