"""What moved in watched channels becomes a Change and a batch, as a push does; all that is pending at once, one batch.

A move is decided on what ``testing`` holds once the batches have ended that ran when it was seen: what they build may
stand on the old package. The batch and the fate of its moves are kept in one transaction, so that no move is lost and
none is followed twice.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from controller.domain import upstream_words as words
from controller.domain.changes import Change, ChangeKind
from controller.domain.errors import FarmError, IllegalMoveError
from controller.domain.upstream import MoveState
from controller.planning.bursts import Waiting, opens_at
from controller.planning.impact import decide_on
from controller.planning.moves import Move, merged
from controller.planning.watching import caused, ignoring, in_the_way, next_look_in, with_exports
from controller.services import gathering, intake, trees
from controller.services.farm import Farm
from controller.services.trees import Standing, stand
from controller.storage import batches, upstream
from controller.storage.batches import BatchRow
from controller.storage.database import Session
from controller.storage.tables import from_json
from controller.storage.upstream import MoveRow

_A_DAY = timedelta(days=1)
"""After this time an ignored move is looked at again: its override may have ended or be gone."""
_AUTHOR = "farm"
Rows = Sequence[MoveRow]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be done about moves: those with work, those without, and why."""

    moves: tuple[Move, ...]
    rows: Rows
    idle: Rows
    note: str


def follow_due(farm: Farm) -> None:
    """Follow what moved, for every tree for which something is due."""
    with farm.reading() as session:
        due = upstream.trees_with_moves(session, farm.now())
    for tree in due:
        follow(farm, tree)


def follow(farm: Farm, tree: str) -> None:
    """Follow what moved, for one tree. What cannot be planned now is planned later."""
    with farm.reading() as session:
        rows = upstream.pending_moves(session, tree)
        commit = batches.last_commit(session, tree)
        busy = waits_for(farm, session, rows)
    if not rows or busy or commit is None:
        return
    try:
        if _gathers(farm, tree, commit, rows):
            return
        _follow(farm, stand(farm, tree, commit), rows)
    except FarmError as error:
        _put_off(farm, rows, error.what)
    except Exception as error:
        _put_off(farm, rows, f"the farm broke down over it ({error!r}).")
        raise


def _gathers(farm: Farm, tree: str, commit: str, rows: Rows) -> bool:
    """Whether more may move soon, which is to come into the same batch."""
    seconds = gathering.window_of(farm, tree, commit)
    burst = [Waiting(row.id or 0, "", row.seen_at, seconds) for row in rows]
    return farm.now() < opens_at(burst)


def waits_for(farm: Farm, session: Session, rows: Rows) -> list[str]:
    """The batches that a tree's moves wait for."""
    if not rows:
        return []
    told = trees.told(farm)
    together = told if rows[0].tree in told else [rows[0].tree]
    return batches.running_since(session, together, max(row.seen_at for row in rows))


def _follow(farm: Farm, standing: Standing, rows: Rows) -> None:
    heeded = _without_ignored(farm, standing, rows)
    if not heeded:
        return
    choice = _choose(farm, standing, heeded)
    if choice.idle:
        _settle_idle(farm, choice)
    if choice.rows:
        intake.record(
            farm, _change(farm, standing, choice), standing, choice.moves, _taking(choice), farm.rules.watch_priority
        )


def _without_ignored(farm: Farm, standing: Standing, rows: Rows) -> list[MoveRow]:
    policy, heeded = standing.policy.on(farm.now().date()), list[MoveRow]()
    for row in rows:
        override = ignoring(_move(row), policy)
        if override is None:
            heeded.append(row)
        elif row.due_at <= farm.now():
            with farm.transaction() as session:
                note, due = words.ignored(override), farm.now() + _A_DAY
                upstream.put_off_moves(session, [row.id or 0], note, due, failed=False)
    return heeded


def _choose(farm: Farm, standing: Standing, rows: Rows) -> Choice:
    """Decided with the moves and without them; what differs is what they force."""
    with farm.reading() as session:
        base = farm.standings.base(session)[1]
    policy = standing.policy.on(farm.now().date())
    index = farm.standings.index(standing.tree, standing.reading.outputs, base)
    moves = tuple(with_exports(move, base) for move in merged(map(_move, rows)))
    moved = decide_on(index, policy, moves, standing.reading.refusals)
    names, work = caused(moved, decide_on(index, policy, (), standing.reading.refusals))
    taken = tuple(move for move in moves if move.after.name in names) if work else ()
    keys = {move.key for move in taken}
    edits = () if work else tuple(dict.fromkeys(member.output.name for member in in_the_way(moved)))
    return Choice(
        taken, [row for row in rows if _key(row) in keys], [row for row in rows if _key(row) not in keys],
        words.no_work(edits),
    )  # fmt: skip


def _settle_idle(farm: Farm, choice: Choice) -> None:
    with farm.transaction() as session:
        upstream.settle_moves(session, _ids(choice.idle), MoveState.NOTHING, choice.note)


def _taking(choice: Choice) -> Callable[[Session, BatchRow], None]:
    def take(session: Session, batch: BatchRow) -> None:
        if not upstream.settle_moves(session, _ids(choice.rows), MoveState.BATCH, "", batch.id):
            raise IllegalMoveError("What moved was followed by somebody else meanwhile.")

    return take


def _change(farm: Farm, standing: Standing, choice: Choice) -> Change:
    said = [(move.after.name, move.after.version) for move in choice.moves]
    title = words.title(said, [row.channel for row in choice.rows])
    return Change(
        id="", kind=ChangeKind.UPSTREAM, tree=standing.tree, commit=standing.commits[standing.tree], summary=title,
        author=_AUTHOR, at=farm.now(), moved=_digest(choice.rows),
    )  # fmt: skip


def _digest(rows: Rows) -> str:
    """Of what moved: the same package may go to and fro, so each time counts for itself."""
    said = "\n".join(f"{row.id} {row.channel} {row.subdir} {row.name} {row.after}" for row in rows)
    return hashlib.sha256(said.encode()).hexdigest()


def _put_off(farm: Farm, rows: Rows, what: str) -> None:
    tries = max(row.tries for row in rows) + 1
    due = farm.now() + timedelta(seconds=next_look_in(0.0, tries))
    with farm.transaction() as session:
        upstream.put_off_moves(session, _ids(rows), words.put_off(what), due, failed=True)


def _move(row: MoveRow) -> Move:
    return from_json(Move, row.move)  # type: ignore[no-any-return]


def _key(row: MoveRow) -> tuple[str, str]:
    return (row.subdir, row.name)


def _ids(rows: Rows) -> list[int]:
    return [row.id or 0 for row in rows]
