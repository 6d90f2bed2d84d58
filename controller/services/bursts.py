"""The loop's part in bursts: a batch is opened for pushes that have waited long enough for more."""

from datetime import datetime, timedelta

from controller.domain.changes import Change, ChangeKind
from controller.domain.errors import FarmError
from controller.domain.priorities import Priority
from controller.planning.watching import next_look_in
from controller.services import gathering, intake
from controller.services.farm import Farm
from controller.services.one_by_one import one_by_one
from controller.storage import pushes
from controller.storage.pushes import PushRow


def open_due(farm: Farm) -> None:
    """Open the batches whose time has come. Raises the first error, when all have been tried."""
    with farm.reading() as session:
        rows = pushes.waiting(session)
        now = farm.database.clock(session)
    one_by_one([row for row in rows if row.due_at <= now], lambda row: _open_due(farm, row, now))


def _open_due(farm: Farm, due: PushRow, now: datetime) -> None:
    """Unless it was opened with another one meanwhile, or put off."""
    with farm.reading() as session:
        rows = pushes.waiting(session, due.tree)
    row = next((row for row in rows if row.id == due.id and row.due_at <= now), None)
    if row is not None:
        _open(farm, gathering.burst_at(farm, row, rows)[0])


def _open(farm: Farm, head: PushRow) -> None:
    change = Change(
        id="", kind=ChangeKind.PUSH, tree=head.tree, commit=head.commit, summary=head.summary, author=head.author,
        at=head.at,
    )  # fmt: skip
    try:
        intake.open_push(farm, change, Priority(head.priority))
    except FarmError as error:
        with farm.transaction() as session:
            due = farm.database.clock(session) + timedelta(seconds=next_look_in(0.0, head.tries + 1))
            pushes.failed(session, head.id or 0, error.what, due)
