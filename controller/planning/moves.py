"""Moves: packages that no recipe of the tree makes, and that another channel now has in another build."""

from collections.abc import Iterable
from dataclasses import dataclass

from controller.domain.artifacts import Artifact
from controller.domain.recipes import Output
from controller.planning.records import age_of

UPSTREAM = ""
"""The recipe of an output that stands for a package of another channel."""


@dataclass(frozen=True, slots=True)
class Move:
    """One package of another channel in one subdir: what dependents were built against, and what there is now.

    ``before`` is None where nobody knows what there was; then users are judged by what they record alone.
    """

    after: Artifact
    before: Artifact | None = None

    @property
    def output(self) -> Output:
        """The package as an output of no recipe, so that the rules can speak of it as of any other."""
        after = self.after
        return Output(
            recipe=UPSTREAM, name=after.name, version=after.version, build=after.build,
            build_number=after.build_number, hash="", subdir=after.subdir, target_platform=after.subdir,
            noarch=after.noarch, variant=after.variant, run_exports=after.run_exports,
        )  # fmt: skip


def newest_moves(before: Iterable[Artifact], after: Iterable[Artifact]) -> tuple[Move, ...]:
    """Of each subdir and name whose newest file differs between two states of a channel, the move to the new one."""
    old, new = _newest(before), _newest(after)
    found = ((key, artifact, old.get(key)) for key, artifact in new.items())
    return tuple(Move(now, then) for _, now, then in found if then is None or then.sha256 != now.sha256)


def _newest(artifacts: Iterable[Artifact]) -> dict[tuple[str, str], Artifact]:
    found: dict[tuple[str, str], Artifact] = {}
    for artifact in artifacts:
        key = (artifact.subdir, artifact.name)
        known = found.get(key)
        if known is None or age_of(artifact) > age_of(known):
            found[key] = artifact
    return found
