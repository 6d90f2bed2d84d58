"""Watched channels are looked at when they are due; what moved in them is written down once, for each tree.

The index is read outside of any transaction. What was seen and what moved are kept together, so that a crash loses
both or neither, and of two that looked at once the second one's look does not count.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from controller.domain.artifacts import Artifact
from controller.domain.errors import UpstreamError
from controller.domain.upstream import NOTHING_SEEN, WatchedChannel
from controller.gateways.channel_polls import Polled, exports, poll
from controller.planning.moves import Move
from controller.planning.watching import Builds, Known, Look, built_with, candidates, look, next_look_in
from controller.services import trees
from controller.services.farm import Farm
from controller.storage import batches, events, upstream
from controller.storage.database import Session
from controller.storage.tables import from_json, to_json
from controller.storage.upstream import MoveRow, WatchRow

Found = Mapping[str, Sequence[Artifact]]


@dataclass(frozen=True, slots=True)
class Spot:
    """One subdir of a watched channel, and what is known of it."""

    watched: WatchedChannel
    subdir: str
    looks: int = 0
    known: Known | None = None
    """None before the first look."""
    row: WatchRow | None = None

    @property
    def channel(self) -> str:
        """As the settings name it."""
        return self.watched.channel


def watch_due(farm: Farm, *, now: bool = False) -> None:
    """Look at every subdir of every watched channel that is due, or ``now`` at all of them."""
    used: Builds | None = None
    for watched, subdir in spots(farm):
        spot = _spot(farm, watched, subdir)
        if not now and spot.row is not None and spot.row.due_at > farm.now():
            continue
        if used is None:
            used = _used(farm)
        _watch(farm, spot, _wanted(farm, spot, used))


def spots(farm: Farm) -> Iterator[tuple[WatchedChannel, str]]:
    """Every subdir of every watched channel, in the order of the settings."""
    for watched in farm.rules.watch:
        for subdir in watched.subdirs or dict.fromkeys((*farm.rules.subdirs, "noarch")):
            yield watched, subdir


def _spot(farm: Farm, watched: WatchedChannel, subdir: str) -> Spot:
    with farm.reading() as session:
        row = upstream.find_watch(session, watched.channel, subdir)
    if row is None:
        return Spot(watched, subdir)
    return Spot(watched, subdir, row.looks, _known(row) if row.since else None, row)


def _known(row: WatchRow) -> Known:
    return {name: from_json(Artifact, said) if said else None for name, said in row.known.items()}


def _used(farm: Farm) -> Builds:
    with farm.reading() as session:
        return built_with(farm.standings.base(session)[1])


def _wanted(farm: Farm, spot: Spot, used: Builds) -> Builds:
    """What the settings want watched here, without what a channel before this one has."""
    earlier: set[str] = set()
    with farm.reading() as session:
        for watched in farm.rules.watch[: farm.rules.watch.index(spot.watched)]:
            row = upstream.find_watch(session, watched.channel, spot.subdir)
            earlier |= {name for name, said in row.known.items() if said} if row else set()
    return {name: builds for name, builds in used.items() if spot.watched.watches(name) and name not in earlier}


def _watch(farm: Farm, spot: Spot, used: Builds) -> None:
    """One look. Whatever goes wrong with the channel, what is known of it stays."""
    try:
        polled = _polled(spot, used)
        found = _with_exports(spot, polled, used) if polled else {}
    except UpstreamError as error:
        _fail(farm, spot, error.what)
        return
    if polled is None:
        _keep(farm, spot, None, None)
    else:
        _keep(farm, spot, polled, look(spot.known or {}, found, used, first=spot.known is None))


def _polled(spot: Spot, used: Builds) -> Polled | None:
    """None where it is as it was. Where a name is watched from now on, the index is read whatever it is."""
    known, row = spot.known, spot.row
    same = row is not None and known is not None and used.keys() <= known.keys()
    return poll(spot.channel, spot.subdir, used, row.as_seen if row and same else NOTHING_SEEN)


def _with_exports(spot: Spot, polled: Polled, used: Builds) -> Found:
    """The records, with their exports where the channel tells them and something new is to be said."""
    news = {record.file_name for record in candidates(spot.known or {}, polled.records, used)}
    told = exports(spot.channel, spot.subdir, news)
    return {
        name: [
            replace(r, run_exports=told[r.file_name], has_run_exports=True) if r.file_name in told else r
            for r in records
        ]
        for name, records in polled.records.items()
    }


def _fail(farm: Farm, spot: Spot, what: str) -> None:
    with farm.transaction() as session:
        row = _locked(farm, session, spot)
        if row is not None:
            row.error, row.failures = what, row.failures + 1
            _next(farm, session, row, spot)


def _keep(farm: Farm, spot: Spot, polled: Polled | None, seen: Look | None) -> None:
    with farm.transaction() as session:
        row = _locked(farm, session, spot)
        if row is None:
            return
        row.error, row.failures, row.seen_at = "", 0, farm.now()
        if polled is not None and seen is not None:
            _note(farm, row, polled, seen)
            _keep_moves(farm, session, spot, seen.moves)
        _next(farm, session, row, spot)


def _note(farm: Farm, row: WatchRow, polled: Polled, seen: Look) -> None:
    """What was read. Where some of it could not be, all of it is read again next time."""
    if row.as_seen.digest != polled.stamp.digest:
        row.changed_at = farm.now()
    row.since, row.files = row.since or farm.now(), polled.count
    row.known = {name: to_json(Artifact, found) if found else None for name, found in seen.known.items()}
    row.followed = sum(bool(found) for found in row.known.values())
    row.error = f"Not read: {'; '.join(polled.faults)}." if polled.faults else ""
    upstream.keep_stamp(row, NOTHING_SEEN if polled.faults else polled.stamp)


def _locked(farm: Farm, session: Session, spot: Spot) -> WatchRow | None:
    """The row, to be written; None where somebody else has looked since."""
    row = upstream.lock_watch(session, spot.channel, spot.subdir, farm.now())
    return row if row.looks == spot.looks else None


def _next(farm: Farm, session: Session, row: WatchRow, spot: Spot) -> None:
    row.looks += 1
    row.due_at = farm.now() + timedelta(seconds=next_look_in(spot.watched.interval_seconds, row.failures))
    session.add(row)


def _keep_moves(farm: Farm, session: Session, spot: Spot, moves: Collection[Move]) -> None:
    told = trees_to_follow(farm, session) if moves else []
    session.add_all(
        MoveRow(
            tree=tree, channel=spot.channel, subdir=spot.subdir, name=move.after.name, before=edition(move.before),
            after=edition(move.after), move=to_json(Move, move), seen_at=farm.now(), due_at=farm.now(),
        )
        for tree in told
        for move in moves
    )  # fmt: skip
    if told:
        events.note(session, farm.now(), "upstream.moved", names=sorted(move.after.name for move in moves))


def edition(artifact: Artifact | None) -> str:
    """Version and build, for people."""
    return f"{artifact.version} {artifact.build}".strip() if artifact else ""


def trees_to_follow(farm: Farm, session: Session) -> list[str]:
    """Trees that are planned for when a channel moves: of those that form one farm the first, which plans for all.

    Where the settings name no trees, every tree that was ever pushed.
    """
    pushed = [tree for tree, _ in batches.last_commits(session)]
    told = trees.told(farm)
    return [tree for tree in told if tree in pushed][:1] if told else pushed
