"""A newer push of a tree ends what an older one has not started and would do in vain.

Only pushes supersede pushes, and only those that their commit descends from, so that branches leave each other alone.
What runs goes on; what the newer push did not change stays where it is. Done in the transaction that opens the newer
batch: there is no moment in which neither has it.
"""

from collections.abc import Callable, Sequence

from controller.domain.changes import Change, ChangeKind
from controller.domain.errors import TreeError
from controller.domain.jobs import JobEvent, JobKind, JobState
from controller.domain.recipes import Output
from controller.planning.policy import Policy, Supersede
from controller.planning.superseding import pointless
from controller.services.consequences import move
from controller.services.farm import Farm
from controller.storage import batches, events, jobs
from controller.storage.batches import BatchRow
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from controller.storage.tables import from_json

_OPEN = frozenset({JobState.WAITING, JobState.READY})


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
    rows = {row.id or 0: row for row in jobs.jobs_of_batch(session, older.id or 0)}
    open_ = {n: row for n, row in rows.items() if row.state in _OPEN}
    builds = {n: _outputs(row) for n, row in open_.items() if row.kind == JobKind.BUILD}
    if not builds:
        return
    made = (row for row in jobs.jobs_of_batch(session, newer.id or 0) if row.kind == JobKind.BUILD)
    ways = pointless(builds, [output for row in made for output in _outputs(row)])
    for number, way in _with_children(session, ways, open_).items():
        move(farm, session, open_[number], JobEvent.CANCEL, message=f"superseded by {newer.name}: {way}")
    if ways:
        events.note(session, farm.now(), "batch.superseded", batch=older.name, by=newer.name, jobs=len(ways))


def _with_children(session: Session, ways: dict[int, str], open_: dict[int, JobRow]) -> dict[int, str]:
    """With all that waits for them, directly or not: it could never start."""
    found, edge = dict(ways), list(ways)
    while edge:
        edge = [n for n in jobs.children_of(session, edge) if n in open_ and n not in found]
        found |= dict.fromkeys(edge, "what it waits for is built otherwise there")
    return found


def _outputs(row: JobRow) -> Sequence[Output]:
    return [from_json(Output, data) for data in row.outputs]
