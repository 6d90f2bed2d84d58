"""A push becomes a Change, once, and a Change a planned batch.

Reading and rendering happen outside of any transaction. The plan is made on a snapshot of ``testing``; if
that moved while the plan was made, the plan is made again, so that it always speaks of what is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.domain.changes import Change, ChangeKind
from controller.domain.channels import TESTING
from controller.domain.errors import FarmError
from controller.domain.plans import Plan
from controller.domain.priorities import Priority
from controller.planning.moves import Move
from controller.planning.policy import MINIMAL, Policy
from controller.services import gathering
from controller.services.farm import Farm
from controller.services.noticing import with_notices
from controller.services.opening import Basis, planned_files, store_batch, store_jobs, store_sources
from controller.services.planned import Target, plan_on
from controller.services.proposals import Proposal, proposals
from controller.services.superseding import superseding
from controller.services.trees import Standing, stand
from controller.storage import artifacts, batches, channels, events, jobs, pushes
from controller.storage.batches import BatchRow, ChangeRow
from controller.storage.database import Session

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Opened:
    """What a push became; ``again`` when the same commit had been pushed before."""

    batch: str
    change: str
    commit: str
    state: str
    jobs: int
    again: bool = False
    waits_seconds: float = 0.0
    """So long its batch is not opened, for more may be pushed; until then ``batch`` is empty."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A plan and what it was made from."""

    standing: Standing
    plan: Plan
    base: int
    """Number of the ``testing`` snapshot that the plan was made on."""
    moves: tuple[Move, ...] = ()
    policy: Policy = MINIMAL
    edits: tuple[Proposal, ...] = ()


Also = Callable[[Session, BatchRow], None]
"""What is kept together with a batch; an error leaves neither behind."""


def _nothing_else(session: Session, batch: BatchRow) -> None:
    pass


def push(
    farm: Farm, tree: str, rev: str | None, *, who: str, summary: str = "", priority: Priority = Priority.NORMAL,
    at_once: bool = False,
) -> Opened:  # fmt: skip
    """Record the push and open its batch. The same commit again answers the same batch.

    Where the tree asks for it, it is kept for a while first, for more to come, unless it is to be opened ``at_once``.
    """
    commit = farm.trees.resolve(tree, rev)
    change = _change(farm, tree, commit, who=who, summary=summary)
    with farm.reading() as session:
        known = _known(session, change)
    if known is not None:
        return known
    seconds = 0.0 if at_once else gathering.window_of(farm, tree, commit)
    return _keep(farm, change, priority, seconds) if seconds else open_push(farm, change, priority)


def _keep(farm: Farm, change: Change, priority: Priority, seconds: float) -> Opened:
    row = gathering.keep(farm, change, priority, seconds)
    if row is None or row.change_id is not None:  # somebody else opened its batch meanwhile
        with farm.reading() as session:
            known = _known(session, change)
        return known or open_push(farm, change, priority)
    left = (row.due_at - farm.database_time()).total_seconds()
    farm.wake.set()
    return Opened("", row.name, row.commit, "waiting", 0, waits_seconds=max(left, 0.1))


def open_push(farm: Farm, change: Change, priority: Priority) -> Opened:
    """Open the batch of a push, and of all pushes that wait and that its commit holds."""
    standing = stand(farm, change.tree, change.commit)
    burst = gathering.gathered(farm, change)
    supersede = superseding(farm, change, standing.policy)

    def also(session: Session, batch: BatchRow) -> None:
        supersede(session, batch)
        gathering.take(session, change, burst, batch.change_id)

    told, first = gathering.told_of(change, burst), gathering.first_of(priority, burst)
    opened = record(farm, told, standing, also=also, priority=first)
    if opened.again and burst:  # somebody else opened it meanwhile
        with farm.transaction() as session:
            gathering.take(session, change, burst, int(opened.change.removeprefix("C-")))
    return opened


def record(
    farm: Farm,
    change: Change,
    standing: Standing,
    moves: Sequence[Move] = (),
    also: Also = _nothing_else,
    priority: Priority = Priority.NORMAL,
) -> Opened:
    """Record a change and open its batch, unless it is recorded already; ``also`` is done in the same transaction."""
    for _ in range(_TRIES):
        drafted = draft(farm, standing, reserve=True, moves=moves)
        opened = _open(farm, change, drafted, also, priority)
        if opened is not None:
            return opened
    raise FarmError("The testing channel moved each time a plan was made.", remedy="Push again in a moment.")


def draft(
    farm: Farm, standing: Standing, *, reserve: bool, moves: Sequence[Move] = (), policy: Policy | None = None
) -> Drafted:
    """The plan on what ``testing`` holds now, and on ``moves`` of other channels.

    ``reserve`` writes the build numbers into the ledger; ``policy`` stands for the one that the tree says.
    """
    with farm.reading() as session:
        base, there = farm.standings.base(session)
    wanted = (policy or standing.policy).on(farm.now().date())
    target = Target(there, lambda outputs: farm.standings.index(standing.tree, outputs, there))
    plan = plan_on(farm, standing.reading, target, standing.named, wanted, moves, reserve=reserve)
    edits = proposals(standing, plan.decision, there)
    return Drafted(standing, with_notices(farm, standing, plan), base, tuple(moves), wanted, edits)


def preview(farm: Farm, tree: str, rev: str | None) -> Plan:
    """The plan that a push would make. Changes nothing."""
    return draft(farm, stand(farm, tree, farm.trees.resolve(tree, rev)), reserve=False).plan


def _change(farm: Farm, tree: str, commit: str, *, who: str, summary: str) -> Change:
    subject, author = farm.trees.summary(tree, commit)
    return Change(
        id="", kind=ChangeKind.PUSH, tree=tree, commit=commit, summary=summary or subject, author=who or author,
        at=farm.now(),
    )  # fmt: skip


def _known(session: Session, change: Change) -> Opened | None:
    row = batches.change_with_key(session, change.key) or pushes.change_of(session, change.key)
    batch = batches.batch_of_change(session, row) if row else None
    if row is None or batch is None:
        return None
    number = batch.id or 0
    total = sum(jobs.counts_by_state(session, [number])[number].values())
    return Opened(batch.name, f"C-{row.id}", row.commit, batch.state, total, again=True)


def _open(farm: Farm, change: Change, drafted: Drafted, also: Also, priority: Priority) -> Opened | None:
    """Keep the plan; None when ``testing`` moved. Under the channel's lock, so that neither it nor a second push
    of the same commit can come in between.
    """
    sources = store_sources(farm, drafted.standing, drafted.plan)
    with farm.transaction() as session:
        current = channels.lock_channel(session, TESTING).current
        known = _known(session, change)
        if known is not None:
            return known
        if current != drafted.base or artifacts.planned_names(session, planned_files(drafted.plan)):
            return None  # by a batch that was opened meanwhile
        row = ChangeRow(
            key=change.key, kind=change.kind.value, tree=change.tree, commit=change.commit, summary=change.summary,
            author=change.author, at=change.at,
        )  # fmt: skip
        session.add(row)
        session.flush()
        basis = Basis(drafted.base, drafted.standing.commits, drafted.policy, drafted.moves)
        batch = store_batch(farm, session, row, drafted.plan, basis, drafted.edits, priority)
        store_jobs(farm, session, batch, drafted.plan, sources)
        also(session, batch)
        events.note(session, farm.now(), "batch.opened", batch=batch.name, jobs=len(drafted.plan.jobs))
        return Opened(batch.name, f"C-{row.id}", row.commit, batch.state, len(drafted.plan.jobs))
