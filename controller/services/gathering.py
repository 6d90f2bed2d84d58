"""Pushes that come soon after each other become one batch, where their tree asks for it: ``coalesce_seconds``.

A push is kept before it is answered and belongs to a change in the transaction that opens the batch, so that none is
lost. Instants are the database's: whichever controller took a push, the loop that leads opens its batch in time.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from controller.domain.changes import Change
from controller.domain.channels import TESTING
from controller.domain.errors import TreeError
from controller.domain.priorities import Priority
from controller.domain.push_words import with_more
from controller.planning.bursts import Waiting, burst_of, opens_at
from controller.services.farm import Farm
from controller.storage import batches, channels, events, pushes
from controller.storage.database import Session
from controller.storage.pushes import PushRow


def window_of(farm: Farm, tree: str, commit: str) -> float:
    """Seconds for which a push of this commit waits for more. Raises TreeError."""
    return farm.trees.open(tree, commit).tree_file.policy.coalesce_seconds


def keep(farm: Farm, change: Change, priority: Priority, seconds: float) -> PushRow | None:
    """Record a push that waits; the same again is the same. It puts off those that it forms a burst with.

    None where its batch was opened meanwhile.
    """
    with farm.reading() as session:
        others, now = pushes.waiting(session, change.tree), farm.database.clock(session)
    mine = Waiting(max((row.id or 0 for row in others), default=0) + 1, change.commit, now, seconds)
    burst = burst_of(mine, [_waiting(row) for row in others if row.key != change.key], holding(farm, change.tree))
    due = opens_at(burst)
    with farm.transaction() as session:
        channels.lock_channel(session, TESTING)  # as whoever opens a batch does: no push is kept twice
        known = pushes.with_key(session, change.key)
        if known is not None or batches.change_with_key(session, change.key) is not None:
            return known
        row = PushRow(
            key=change.key, tree=change.tree, commit=change.commit, summary=change.summary, author=change.author,
            priority=priority.value, seconds=seconds, at=now, due_at=due,
        )  # fmt: skip
        session.add(row)
        session.flush()
        pushes.put_off(session, [push.number for push in burst if push is not mine], due)
        events.note(session, farm.now(), "push.waits", push=row.name, tree=row.tree, seconds=seconds)
        return row


def gathered(farm: Farm, change: Change) -> list[PushRow]:
    """The waiting pushes that a batch at this commit is for too, oldest first."""
    with farm.reading() as session:
        rows = pushes.waiting(session, change.tree)
    holds = holding(farm, change.tree)
    return [row for row in rows if row.key == change.key or holds(change.commit, row.commit)]


def told_of(change: Change, burst: Sequence[PushRow]) -> Change:
    """The change with a summary that says of how many pushes it is made."""
    others = sum(row.key != change.key for row in burst)
    return replace(change, summary=with_more(change.summary.splitlines()[0] if change.summary else "", others))


def first_of(priority: Priority, burst: Sequence[PushRow]) -> Priority:
    """The highest priority of a burst."""
    return min([priority, *(Priority(row.priority) for row in burst)], key=tuple(Priority).index)


def take(session: Session, change: Change, burst: Sequence[PushRow], change_id: int) -> None:
    """The pushes of a burst belong to this change; so does the same push, were it kept meanwhile."""
    pushes.take(session, change.key, [row.id or 0 for row in burst], change_id)


def burst_at(farm: Farm, row: PushRow, rows: Sequence[PushRow]) -> list[PushRow]:
    """The pushes that are opened with this one, the one at whose commit that is first.

    One that could not be planned holds no other up: it is tried again by itself.
    """
    others = [_waiting(other) for other in rows if other.id != row.id and not other.tries]
    numbers = {other.id: other for other in (row, *rows)}
    return [numbers[push.number] for push in burst_of(_waiting(row), others, holding(farm, row.tree))]


def holding(farm: Farm, tree: str) -> Callable[[str, str], bool]:
    """Whether the first commit of a tree comes after the second, or is it."""

    def holds(commit: str, older: str) -> bool:
        try:
            return commit == older or farm.trees.descends(tree, commit, older)
        except TreeError:  # a commit that is gone: its branch was written anew
            return False

    return holds


def _waiting(row: PushRow) -> Waiting:
    return Waiting(row.id or 0, row.commit, row.at, row.seconds)
