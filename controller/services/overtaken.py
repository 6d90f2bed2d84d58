"""Several batches over the same recipes: what others published since a batch was planned, and what follows from it.

What has been overtaken stays behind (``planning.moved_base``). A batch that was opened later holds it anyway, since
a plan has all that is pushed and not published. Where none such is open when it settles, the farm opens one: decided
on ``testing`` as it is now, it has only what differs.
"""

from collections.abc import Sequence
from datetime import timedelta

from controller.domain.changes import Change, ChangeKind
from controller.domain.channels import TESTING
from controller.planning.moved_base import Overtaken, find_overtaken
from controller.services import intake, trees
from controller.services.farm import Farm
from controller.services.one_by_one import one_by_one
from controller.services.opening import Basis
from controller.storage import artifacts, batches, channels, events
from controller.storage.artifacts import ArtifactRow
from controller.storage.batches import BatchRow, ChangeRow
from controller.storage.database import Session
from controller.storage.tables import from_json

DUE = "due"
_NOBODY_NEEDED = "none"
_AGAIN = timedelta(seconds=30)


def overtaken(farm: Farm, session: Session, batch: BatchRow, mine: Sequence[ArtifactRow]) -> Overtaken:
    """What of ``mine``, the files of a batch, has no place in ``testing`` any more."""
    if not batch.basis:
        return Overtaken()
    basis: Basis = from_json(Basis, batch.basis)
    current = channels.current_of(session, TESTING)
    if current == basis.testing:
        return Overtaken()
    _, came = channels.moves_between(session, TESTING, basis.testing, current)
    others = [row.value() for row in artifacts.by_ids(session, came - {row.id or 0 for row in mine})]
    published = set(batch.published)
    built = [row.value() for row in mine if row.file not in published]
    return find_overtaken(built, others, farm.standings.base(session)[1])


def begin_again_due(farm: Farm) -> None:
    """Open what has to be built again since others were published first.

    Raises the first error, when all have been tried: what cannot be planned now stays due.
    """
    with farm.reading() as session:
        due = [row.name for row in batches.to_begin_again(session, DUE)]
    tried = farm.began_again
    if not due or (tried is not None and timedelta() <= farm.now() - tried < _AGAIN):
        return
    farm.began_again = farm.now()
    one_by_one(due, lambda batch: begin_again(farm, batch))


def begin_again(farm: Farm, batch: str) -> None:
    """Plan the tree of a batch on ``testing`` as it is now, once nothing that was opened later is under way.

    What cannot be planned now stays due: the disk may be full, or the tree out of reach, for a while.
    """
    with farm.reading() as session:
        row = batches.find_batch(session, batch)
        change = batches.changes_by_id(session, [row.change_id])[row.change_id]
        told = trees.told(farm)
        together = told if change.tree in told else [change.tree]
        commit = batches.last_commit(session, change.tree)
        busy = [other for other in batches.unsettled(session, together) if other > (row.id or 0)]
    if busy or commit is None:
        return
    standing = trees.stand(farm, change.tree, commit)
    if intake.draft(farm, standing, reserve=False).plan.jobs:
        intake.record(farm, _change(farm, row, change, commit), standing, also=lambda s, new: _set(farm, s, batch, new))
    else:
        _note(farm, batch, _NOBODY_NEEDED)


def _change(farm: Farm, row: BatchRow, change: ChangeRow, commit: str) -> Change:
    return Change(
        id="", kind=ChangeKind.REQUEST, tree=change.tree, commit=commit, author="farm", at=farm.now(),
        summary=f"{row.name} again: others were published first", moved=f"again:{row.name}:{row.settled_at}",
    )  # fmt: skip


def _set(farm: Farm, session: Session, batch: str, new: BatchRow) -> None:
    row = batches.find_batch(session, batch, lock=True)
    row.again = new.name
    session.add(row)
    events.note(session, farm.now(), "batch.again", batch=batch, again=new.name)


def _note(farm: Farm, batch: str, said: str) -> None:
    with farm.transaction() as session:
        row = batches.find_batch(session, batch, lock=True)
        row.again = said
        session.add(row)
        events.note(session, farm.now(), "batch.again", batch=batch, again=said)
