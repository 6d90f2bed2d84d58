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

    @property
    def key(self) -> tuple[str, str]:
        """Subdir and name."""
        return (self.after.subdir, self.after.name)

    @property
    def is_none(self) -> bool:
        """Whether it leads back to where it began. Another variant of one version and build number is no move."""
        return self.before is not None and _edition(self.before) == _edition(self.after)


def newest(records: Iterable[Artifact]) -> Artifact:
    """The one that solvers would take if nothing else were asked for."""
    return max(records, key=age_of)


def merged(moves: Iterable[Move]) -> tuple[Move, ...]:
    """Of moves in the order in which they were seen those that are left: several of one package are one."""
    found: dict[tuple[str, str], Move] = {}
    for move in moves:
        earlier = found.get(move.key)
        found[move.key] = Move(move.after, earlier.before) if earlier else move
    return tuple(move for move in found.values() if not move.is_none)


def _edition(artifact: Artifact) -> tuple[str, int]:
    return (artifact.version, artifact.build_number)
