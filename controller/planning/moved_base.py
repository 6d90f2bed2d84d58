"""What it means for a batch that others have published to its target since it was planned.

Two batches may both be right by themselves and wrong together. What a batch built while the target had a package that
has been replaced since, and whose replacement it excludes, would send its users back to the old one; so would what it
brings where a package that came meanwhile excludes that. Debian's britney asks the same of the result of every
migration. Everything else goes together: what meets each other's bounds is as good as planned one after the other.

Nothing is decided anew here. A plan holds all that is pushed and not published, so the batch that was opened last
carries whatever an older one leaves behind; and where none is open, one is (``services.overtaken``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.domain.artifacts import Artifact
from controller.domain.overtaking_words import excluded_sentence, held_sentence, newer_sentence
from controller.planning.holdings import file_of, near
from controller.planning.records import age_of
from controller.planning.specs import admits, name_of


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Files of a batch that stay behind, by ``subdir/file name``, each with why: a sentence."""

    replaced: Mapping[str, str] = field(default_factory=dict)
    """The target has what is as new, or newer, from another batch."""
    outdated: Mapping[str, str] = field(default_factory=dict)
    """These have to be built again, on the target as it is now, or together with what came."""

    @property
    def reasons(self) -> dict[str, str]:
        """All of them."""
        return {**self.outdated, **self.replaced}


def find_overtaken(built: Sequence[Artifact], came: Sequence[Artifact], now: Iterable[Artifact]) -> Overtaken:
    """What of ``built``, the files of a batch, has no place in the target any more.

    ``came`` is what others have published since the batch was planned, ``now`` all that the target holds.
    """
    if not came:
        return Overtaken()
    replaced = {file_of(mine): why for mine in built if (why := _has_newer(mine, came))}
    left = [mine for mine in built if file_of(mine) not in replaced]
    return Overtaken(replaced, _excluded(left, came) | _held(left, came, now))


def _has_newer(mine: Artifact, came: Iterable[Artifact]) -> str:
    """Of the same variant; what was built of another version later, or again, takes its place."""
    others = [a for a in came if a.key == mine.key and age_of(a)[:2] >= age_of(mine)[:2]]
    if not others:
        return ""
    return newer_sentence(max(others, key=age_of))


def _excluded(built: Sequence[Artifact], came: Iterable[Artifact]) -> dict[str, str]:
    """What something excludes that came meanwhile, where the batch does not bring that anew as well."""
    found: dict[str, str] = {}
    keys, by_name = {mine.key for mine in built}, _by_name(built)
    for other in came:
        for dependency in (*other.depends, *other.constrains) if other.key not in keys else ():
            mine = [a for a in by_name.get(name_of(dependency.spec), ()) if near(a.subdir, other.subdir)]
            if mine and not any(admits(dependency.spec, a.version, a.build) for a in mine):
                found |= {file_of(a): excluded_sentence(other, dependency.spec) for a in mine}
    return found


def _held(built: Sequence[Artifact], came: Sequence[Artifact], now: Iterable[Artifact]) -> dict[str, str]:
    """What holds its users on a package that has been replaced, and that the batch does not bring itself."""
    own, files = {mine.name for mine in built}, {file_of(artifact) for artifact in came}
    news = _by_name(artifact for artifact in came if artifact.name not in own)
    olds = _by_name(a for a in now if a.name in news and file_of(a) not in files)
    found: dict[str, str] = {}
    for mine in built:
        for dependency in mine.depends:
            name = name_of(dependency.spec)
            new, old = _newest(news.get(name, ()), mine.subdir), _newest(olds.get(name, ()), mine.subdir)
            if new and old and age_of(new)[:2] > age_of(old)[:2] and _only(dependency.spec, old, new):
                found[file_of(mine)] = held_sentence(old, new, dependency.spec)
    return found


def _only(spec: str, old: Artifact, new: Artifact) -> bool:
    return admits(spec, old.version, old.build) and not admits(spec, new.version, new.build)


def _by_name(artifacts: Iterable[Artifact]) -> dict[str, list[Artifact]]:
    found: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        found.setdefault(artifact.name, []).append(artifact)
    return found


def _newest(artifacts: Iterable[Artifact], subdir: str) -> Artifact | None:
    return max((a for a in artifacts if near(a.subdir, subdir)), key=age_of, default=None)
