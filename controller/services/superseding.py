"""A newer push of a tree ends what an older one has not started and would do in vain.

Only pushes supersede pushes, and only those that their commit descends from, so that branches leave each other alone.
What runs goes on; what the newer push did not change stays where it is. Done in the transaction that opens the newer
batch: there is no moment in which neither has it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller.domain.changes import Change, ChangeKind
from controller.domain.errors import TreeError
from controller.domain.jobs import JobEvent
from controller.domain.overtaking_words import AND_WHAT_WAITS, superseded_words
from controller.planning.policy import Policy, Supersede
from controller.planning.superseding import Made, pointless
from controller.services.consequences import move
from controller.services.farm import Farm
from controller.storage import batches, edges, events
from controller.storage.batches import BatchRow
from controller.storage.database import Session


def superseding(farm: Farm, change: Change, policy: Policy) -> Callable[[Session, BatchRow], None]:
    """What opening the batch of this push does to those of older ones."""
    older = _older(farm, change) if policy.supersede is Supersede.WAITING else []

    def supersede(session: Session, batch: BatchRow) -> None:
        for name in older:
            _supersede(farm, session, batch, batches.find_batch(session, name, lock=True))

    return supersede


def _older(farm: Farm, change: Change) -> list[str]:
    with farm.reading() as session:
        rows = [batches.find_batch(session, f"B-{n}") for n in batches.unsettled(session, [change.tree])]
        changes = batches.changes_by_id(session, [row.change_id for row in rows])
    pushed = [(row.name, changes[row.change_id]) for row in rows if changes[row.change_id].kind == ChangeKind.PUSH]
    return [name for name, other in pushed if _descends(farm, change, other.commit)]


def _descends(farm: Farm, change: Change, older: str) -> bool:
    try:
        return older != change.commit and farm.trees.descends(change.tree, change.commit, older)
    except TreeError:  # a commit that is gone: its branch was written anew, and is another one
        return False


def _supersede(farm: Farm, session: Session, newer: BatchRow, older: BatchRow) -> None:
    open_ = {number: _made(outputs) for number, outputs in edges.builds_of(session, older.id or 0, unstarted=True)}
    if not open_:
        return
    made = (each for _, outputs in edges.builds_of(session, newer.id or 0) for each in _made(outputs))
    ways = pointless(open_, made)
    for row in edges.open_below(session, ways.keys()) if ways else ():
        message = superseded_words(newer.name, ways.get(row.id or 0, AND_WHAT_WAITS))
        move(farm, session, row, JobEvent.CANCEL, message=message)
    if ways:
        events.note(session, farm.now(), "batch.superseded", batch=older.name, by=newer.name, jobs=len(ways))


def _made(outputs: Sequence[Mapping[str, Any]]) -> list[Made]:
    """Read from what is kept without making whole outputs: a batch may have ten thousand."""
    return [Made((o["subdir"], o["name"], o["hash"]), o["version"], o["fingerprint"]) for o in outputs]
