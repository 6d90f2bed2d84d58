"""Watched channels as they were last seen, what moved in them, and what came of it."""

from collections.abc import Sequence

from controller.domain.upstream import MoveState, WatchedChannel, without_secret
from controller.domain.upstream_words import MOVE_LABELS, waits
from controller.services.answers.upstream_shapes import MoveShape, UpstreamView, WatchShape
from controller.services.farm import Farm
from controller.services.following import waits_for
from controller.services.watching import spots
from controller.storage import upstream
from controller.storage.database import Session
from controller.storage.upstream import MoveRow, WatchRow

_MOVES = 50


def upstream_view(farm: Farm, limit: int = _MOVES) -> UpstreamView:
    """Every channel of the settings, and the last moves of all."""
    with farm.reading() as session:
        return view_in(farm, session, limit)


def view_in(farm: Farm, session: Session, limit: int) -> UpstreamView:
    """The same, within a transaction."""
    known = {(row.channel, row.subdir): row for row in upstream.all_watches(session)}
    moves = upstream.newest_moves(session, limit)
    channels = (_watch(watched, subdir, known.get((watched.channel, subdir))) for watched, subdir in spots(farm))
    return UpstreamView(channels=tuple(channels), moves=tuple(move_shapes(moves, _waiting(farm, session, moves))))


def moves_of(session: Session, batch_id: int) -> tuple[MoveShape, ...]:
    """What moved that a batch came of."""
    return tuple(move_shapes(upstream.moves_of_batches(session, [batch_id]), {}))


def move_shapes(rows: Sequence[MoveRow], waiting: dict[str, str]) -> list[MoveShape]:
    """Moves, with what became of each; ``waiting`` says by tree what its pending moves wait for."""
    return [
        MoveShape(
            name=row.name, subdir=row.subdir, channel=without_secret(row.channel), before=row.before, after=row.after,
            tree=row.tree, state=row.state, label=MOVE_LABELS[MoveState(row.state)],
            note=row.note or (waiting.get(row.tree, "") if row.state == MoveState.PENDING else ""),
            batch=f"B-{row.batch_id}" if row.batch_id else "", seen_at=row.seen_at,
        )
        for row in rows
    ]  # fmt: skip


def _waiting(farm: Farm, session: Session, rows: Sequence[MoveRow]) -> dict[str, str]:
    found: dict[str, str] = {}
    for tree in {row.tree for row in rows if row.state == MoveState.PENDING}:
        stopped = waits_for(farm, session, upstream.pending_moves(session, tree))
        found |= {tree: waits(stopped)} if stopped else {}
    return found


def _watch(watched: WatchedChannel, subdir: str, row: WatchRow | None) -> WatchShape:
    told = WatchShape(
        channel=without_secret(watched.channel), subdir=subdir, packages=watched.packages,
        interval_seconds=watched.interval_seconds,
    )  # fmt: skip
    if row is None:
        return told
    seen = {
        "files": row.files, "followed": row.followed, "since": row.since,
        "seen_at": row.seen_at, "changed_at": row.changed_at, "due_at": row.due_at, "error": row.error,
        "failures": row.failures,
    }  # fmt: skip
    return told.model_copy(update=seen)
