"""What is: for each output of a reading, the artifact that stands for it in the target, and what came before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rattler import Version

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.recipes import Origin, Output, Section
from controller.planning.specs import name_of

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Records:
    """The artifacts of a target, by what they stand for."""

    by_key: Mapping[Key, tuple[Artifact, ...]]
    by_name: Mapping[tuple[str, str], tuple[Artifact, ...]]
    """By subdir and name."""

    @classmethod
    def of(cls, base: Sequence[Artifact]) -> "Records":
        """The index of these artifacts."""
        keys: dict[Key, list[Artifact]] = {}
        names: dict[tuple[str, str], list[Artifact]] = {}
        for artifact in base:
            keys.setdefault(artifact.key, []).append(artifact)
            names.setdefault((artifact.subdir, artifact.name), []).append(artifact)
        return cls(
            {key: tuple(found) for key, found in keys.items()}, {key: tuple(found) for key, found in names.items()}
        )

    def standing_for(self, output: Output) -> Artifact | None:
        """The newest artifact of this output: of its own version if there is one, else of the version before."""
        found = self.by_key.get(output.key, ())
        if len(found) < 2:
            return found[0] if found else None
        return max(found, key=lambda artifact: _closeness(artifact, output))

    def before(self, output: Output, claimed: frozenset[Key]) -> tuple[Artifact, ...]:
        """Artifacts of this name that no output of the reading stands for any more."""
        return tuple(a for a in self.by_name.get((output.subdir, output.name), ()) if a.key not in claimed)


def _closeness(artifact: Artifact, output: Output) -> tuple[bool, bool, Version, int, int]:
    same_version, same_recipe = artifact.version == output.version, artifact.recipe == output.recipe
    newest = (Version(artifact.version), artifact.build_number, artifact.timestamp_ms)
    return (same_version, same_recipe, *newest)


def place_of(artifact: Artifact) -> str:
    """``subdir/file name``."""
    return f"{artifact.subdir}/{artifact.file_name}"


def traced(dependency: Dependency, output: Output) -> Dependency:
    """The dependency with the origin of its bound; where the file does not tell it, the recipe does.

    What a recipe's run section does not name can only have come from an export.
    """
    if dependency.origin is not Origin.TEXT:
        return dependency
    name = name_of(dependency.spec)
    for requirement in output.in_section(Section.RUN, Section.CONSTRAINS):
        if requirement.name == name:
            return replace(dependency, origin=requirement.origin)
    return replace(dependency, origin=Origin.RUN_EXPORT)
