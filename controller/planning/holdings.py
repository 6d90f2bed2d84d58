"""What a channel holds, and what can be installed from it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from rattler import Version

from controller.domain.artifacts import Artifact
from controller.planning.providers import NOARCH
from controller.planning.specs import admits, name_of


@dataclass(frozen=True, slots=True)
class Holdings:
    """Package files of a channel, by name."""

    by_name: Mapping[str, tuple[Artifact, ...]]

    @classmethod
    def of(cls, artifacts: Iterable[Artifact]) -> "Holdings":
        """The index of these files; one that is given twice counts once."""
        names: dict[str, dict[str, Artifact]] = {}
        for artifact in artifacts:
            names.setdefault(artifact.name, {})[file_of(artifact)] = artifact
        return cls({name: tuple(files.values()) for name, files in names.items()})

    def admitted(self, spec: str, subdir: str) -> Iterator[Artifact]:
        """The files that meet a requirement of a file in ``subdir``."""
        for artifact in self.by_name.get(name_of(spec), ()):
            if near(artifact.subdir, subdir) and admits(spec, artifact.version, artifact.build):
                yield artifact

    def meets(self, spec: str, subdir: str, *, upstream: bool) -> bool:
        """Whether a requirement can be met: from here, by the machine, or by other channels where there are such.

        What is held here by name has to be met here, so that nobody is sent upstream for what the farm makes.
        """
        name = name_of(spec)
        if name.startswith("__") or (upstream and name not in self.by_name):
            return True
        return any(True for _ in self.admitted(spec, subdir))

    def newest(self) -> Iterator[Artifact]:
        """Of every subdir, name and variant the newest file, if it is of the newest version of that name."""
        for artifacts in self.by_name.values():
            by_subdir: dict[str, list[Artifact]] = {}
            for artifact in artifacts:
                by_subdir.setdefault(artifact.subdir, []).append(artifact)
            for here in by_subdir.values():
                yield from _tops(here)


def _tops(artifacts: Collection[Artifact]) -> Iterable[Artifact]:
    top = max(Version(artifact.version) for artifact in artifacts)
    tops: dict[str, Artifact] = {}
    for artifact in sorted(artifacts, key=lambda a: a.build_number):
        if Version(artifact.version) == top:
            tops[artifact.hash or artifact.build] = artifact
    return tops.values()


def near(one: str, other: str) -> bool:
    """Whether files of these subdirs can stand in one environment."""
    return one == other or NOARCH in (one, other)


def file_of(artifact: Artifact) -> str:
    """``subdir/file name``."""
    return f"{artifact.subdir}/{artifact.file_name}"
