"""What is: for each output of a reading, the artifact that stands for it in the target, and what came before it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, count
from operator import is_not
from typing import TypeVar

from rattler import Version

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.recipes import Origin, Output, Section
from controller.planning.specs import name_of, version_of

K = TypeVar("K")
T = TypeVar("T")
Age = tuple[Version, int, int]
"""The greater, the newer."""
_OLDEST = Version("0.dev0")
Key = tuple[str, str, str]
"""Subdir, name, hash of the used variant."""


@dataclass(frozen=True, slots=True)
class Records:
    """The artifacts of a target, by what they stand for."""

    base: Sequence[Artifact]
    by_key: Mapping[Key, tuple[Artifact, ...]]
    by_name: Mapping[tuple[str, str], tuple[Artifact, ...]]
    """By subdir and name."""

    @classmethod
    def of(cls, base: Sequence[Artifact]) -> "Records":
        """The index of these artifacts."""
        return cls(base, _grouped(base, _key), _grouped(base, _name))

    def updated(self, base: Sequence[Artifact]) -> tuple["Records", frozenset[str]]:
        """The index of another state of the target, and the names that differ. What is unchanged is the same object."""
        gone, come = differing(self.base, base)
        if not gone and not come:
            return self, frozenset()
        by_key, by_name = dict(self.by_key), dict(self.by_name)
        _regroup(by_key, _key, gone, come)
        _regroup(by_name, _name, gone, come)
        return Records(base, by_key, by_name), frozenset(artifact.name for artifact in (*gone, *come))

    def standing_for(self, output: Output) -> Artifact | None:
        """The newest artifact of this output: of its own version if there is one, else of the version before."""
        found = self.by_key.get(output.key, ())
        if len(found) < 2:
            return found[0] if found else None
        return max(found, key=lambda artifact: _closeness(artifact, output))

    def before(self, output: Output, claimed: Collection[Key]) -> tuple[Artifact, ...]:
        """Artifacts of this name that no output of the reading stands for any more."""
        return tuple(a for a in self.by_name.get((output.subdir, output.name), ()) if a.key not in claimed)


def differing(old: Sequence[T], new: Sequence[T]) -> tuple[list[T], list[T]]:
    """The objects that only the old sequence has, and those that only the new one has.

    Of tens of thousands it is most often one, in its old place: so what both begin and end with is passed over by the
    interpreter's own loops.
    """
    if old is new:
        return [], []
    shorter = min(len(old), len(new))
    first = next(compress(count(), map(is_not, old, new)), shorter)
    last = next(compress(count(), map(is_not, reversed(old), reversed(new))), shorter)
    last = min(last, shorter - first)
    before, after = old[first : len(old) - last], new[first : len(new) - last]
    there, wanted = set(map(id, before)), set(map(id, after))
    return [one for one in before if id(one) not in wanted], [one for one in after if id(one) not in there]


def _key(artifact: Artifact) -> Key:
    return artifact.key


def _name(artifact: Artifact) -> tuple[str, str]:
    return (artifact.subdir, artifact.name)


def _grouped(artifacts: Iterable[Artifact], by: Callable[[Artifact], K]) -> dict[K, tuple[Artifact, ...]]:
    groups: dict[K, list[Artifact]] = {}
    for artifact in artifacts:
        groups.setdefault(by(artifact), []).append(artifact)
    return {key: tuple(found) for key, found in groups.items()}


def _regroup(
    groups: dict[K, tuple[Artifact, ...]], by: Callable[[Artifact], K], gone: Iterable[Artifact],
    come: Iterable[Artifact],
) -> None:  # fmt: skip
    left = {id(artifact) for artifact in gone}
    for key in {by(artifact) for artifact in gone}:
        kept = tuple(artifact for artifact in groups[key] if id(artifact) not in left)
        groups[key] = kept
        if not kept:
            del groups[key]
    for artifact in come:
        groups[by(artifact)] = (*groups.get(by(artifact), ()), artifact)


def _closeness(artifact: Artifact, output: Output) -> tuple[bool, bool, Age]:
    return (artifact.version == output.version, artifact.recipe == output.recipe, age_of(artifact))


def age_of(artifact: Artifact) -> Age:
    """By version, then build number, then time, as solvers see it; a version that cannot be read is the oldest."""
    version = version_of(artifact.version) or _OLDEST
    return (version, artifact.build_number, artifact.timestamp_ms)


def place_of(artifact: Artifact) -> str:
    """``subdir/file name``."""
    return f"{artifact.subdir}/{artifact.file_name}"


def traced(dependency: Dependency, output: Output, *, constrains: bool = False) -> Origin:
    """Where the bound of a dependency or constraint came from; where the file does not tell it, the recipe does.

    What that section of a recipe does not name can only have come from an export.
    """
    if dependency.origin is not Origin.TEXT:
        return dependency.origin
    name, section = name_of(dependency.spec), Section.CONSTRAINS if constrains else Section.RUN
    for requirement in output.requirements:
        if requirement.name == name and requirement.section is section:
            return requirement.origin
    return Origin.RUN_EXPORT
