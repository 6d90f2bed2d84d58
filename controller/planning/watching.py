"""Watching other channels: what moved since the last look, and what of that matters to a tree."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NamedTuple

from controller.domain.artifacts import Artifact
from controller.domain.overrides import Override, OverrideKind
from controller.domain.plans import Decision, Member, Membership
from controller.planning.moves import Move, newest
from controller.planning.policy import Policy
from controller.planning.supposing import guessed, moved_to

Known = Mapping[str, Artifact | None]
"""Name to the newest that was seen of it; None where the channel did not have it."""
Builds = Mapping[str, AbstractSet[tuple[str, str]]]
"""Name to the versions and builds of it that something was built with."""
_AT_WORK = frozenset({Membership.REBUILD, Membership.RETEST})
_LONGEST = 3600.0


class Look(NamedTuple):
    """What is known of a channel after a look at it, and what moved since the one before."""

    known: dict[str, Artifact | None]
    moves: tuple[Move, ...] = ()


def built_with(base: Iterable[Artifact]) -> dict[str, set[tuple[str, str]]]:
    """What the files of a target were built with that is not made there: the "built against" table, by name."""
    found: dict[str, set[tuple[str, str]]] = {}
    made: set[str] = set()
    for artifact in base:
        made.add(artifact.name)
        for used in artifact.used:
            found.setdefault(used.name, set()).add((used.version, used.build))
    return {name: builds for name, builds in found.items() if name not in made}


def look(known: Known, found: Mapping[str, Sequence[Artifact]], used: Builds, *, first: bool) -> Look:
    """The next look. At the ``first`` nothing has moved.

    A name that is watched from now on moved if the channel has a newer one than was built with. One that is gone from
    the channel stays known, so that it has not moved when it is there again.
    """
    now: dict[str, Artifact | None] = {}
    moves: list[Move] = []
    for name in used:
        before, records = known.get(name), found.get(name, ())
        now[name] = newest(records) if records else before
        if first or not records:
            continue
        if name not in known:
            before = _built_with(records, used[name])
        if name in known or before is not None:
            move = Move(newest(records), before)
            moves += [] if move.is_none else [move]
    return Look(now, tuple(moves))


def candidates(known: Known, found: Mapping[str, Sequence[Artifact]], used: Builds) -> Iterator[Artifact]:
    """The records that a look will speak of for the first time."""
    for name, records in found.items():
        before, now = known.get(name), newest(records)
        if before is None or before.sha256 != now.sha256:
            yield now
        built = _built_with(records, used.get(name, frozenset())) if name not in known else None
        if built is not None and built is not now:
            yield built


def _built_with(records: Iterable[Artifact], builds: AbstractSet[tuple[str, str]]) -> Artifact | None:
    used = [record for record in records if (record.version, record.build) in builds]
    return newest(used) if used else None


def with_exports(move: Move, users: Sequence[Artifact]) -> Move:
    """The move of a channel that tells no exports: as its users record them, moved along with the version."""
    if move.after.has_run_exports:
        return move
    known = guessed(move.after.name, users)
    if known is None or not known.run_exports:
        return move
    exports = moved_to(known, move.after.version).after.run_exports
    before = replace(move.before, run_exports=known.run_exports) if move.before else None
    return Move(replace(move.after, run_exports=exports), before)


def ignoring(move: Move, policy: Policy) -> Override | None:
    """The override because of which a move is ignored, if there is one."""
    subdir, name = move.key
    wanted = (o for o in policy.overrides if o.kind is OverrideKind.IGNORE_UPSTREAM)
    return next((override for override in wanted if override.speaks_of(name, subdir)), None)


def caused(moved: Decision, still: Decision) -> tuple[frozenset[str], bool]:
    """What is otherwise with moves than without: the names that it starts from, and whether there is work in it.

    Both decisions are on the same outputs. What would be built anyway is no work of the moves.
    """
    pairs = zip(moved.members, still.members, strict=True)
    news = [now for now, then in pairs if now.membership is not then.membership]
    names = {reason.path[0] for member in news for reason in member.reasons if reason.path}
    return frozenset(names), any(member.membership in _AT_WORK for member in news)


def in_the_way(moved: Decision) -> list[Member]:
    """Whose recipes must be edited before they can follow."""
    return list(moved.having(Membership.EDIT))


def next_look_in(interval: float, failures: int) -> float:
    """Seconds until a channel is asked again: sooner after a first failure, then ever later, up to an hour."""
    if not failures:
        return interval
    return min(30.0 * 2.0 ** min(failures - 1, 20), max(interval, _LONGEST))
