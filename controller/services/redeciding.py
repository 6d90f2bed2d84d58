"""A batch whose jobs ended otherwise than its plan hoped is decided again, with facts.

The decision is the same as at first, on the same trees and the same ``testing``, with what came of the jobs so far;
the new plan is laid over the jobs that there are. Until that is done nothing follows from what is due, so that no
worker begins what may not be needed. Where it cannot be done, the batch goes on as it was planned, and says so.
"""

from collections import Counter
from dataclasses import replace

from controller.domain.artifacts import Artifact
from controller.domain.batches import BatchState
from controller.domain.channels import TESTING
from controller.domain.errors import FarmError
from controller.domain.jobs import JobKind
from controller.domain.plans import Plan
from controller.domain.recipes import Output
from controller.planning.outcomes import identity
from controller.planning.plan import schedule
from controller.services import trees
from controller.services.farm import Farm
from controller.services.hindsight import Hindsight, Seen
from controller.services.numbering import Numbering
from controller.services.one_by_one import one_by_one
from controller.services.opening import Basis, store_sources
from controller.services.overlaying import Again, go_on, overlay
from controller.services.planned import pools_of
from controller.services.proposals import proposals
from controller.storage import artifacts, batches, channels, jobs, overlays
from controller.storage.database import Session
from controller.storage.tables import from_json

_TRIES = 5


def redecide_due(farm: Farm) -> None:
    """Decide every batch again that is due."""
    with farm.reading() as session:
        due = overlays.batches_due(session)
    one_by_one(due, lambda number: redecide(farm, f"B-{number}"))


def redecide(farm: Farm, batch: str) -> None:
    """Decide one batch again, if it is due. Whatever goes wrong, the batch goes on."""
    for _ in range(_TRIES):
        with farm.reading() as session:
            seen = _look(session, batch)
        if not seen.due:
            return
        if seen.batch.state not in (BatchState.RUNNING, BatchState.HELD):
            go_on(farm, seen, "")
            return
        try:
            again = _decide(farm, seen)
        except FarmError as error:
            go_on(farm, seen, error.what)
            return
        except Exception as error:
            go_on(farm, seen, f"the farm broke down over it ({error!r})")
            raise
        if overlay(farm, seen, again):
            return


def _look(session: Session, batch: str) -> Seen:
    row = batches.find_batch(session, batch)
    number = row.id or 0
    there = jobs.jobs_of_batch(session, number)
    files = {file for job in there for file in job.before.values()}
    before = {found.file: found for found in artifacts.find_files(session, sorted(files))}
    change = batches.changes_by_id(session, [row.change_id])[row.change_id]
    return Seen(row, change.tree, tuple(there), tuple(artifacts.of_batch(session, number)), before)


def _decide(farm: Farm, seen: Seen) -> Again:
    if not seen.batch.basis:
        raise FarmError("nobody knows what it was decided on", remedy="Push the change again.")
    basis: Basis = from_json(Basis, seen.batch.basis)
    standing = trees.stand(farm, seen.tree, basis.commits[seen.tree], basis.commits)
    base = _base(farm, basis.testing)
    hindsight = Hindsight(farm, seen, basis, base)
    had = Counter(map(identity, seen.named))
    numbering = Numbering(farm, hindsight.arrange, standing.named, base, reserve=True, had=had)
    news = numbering.number(standing.reading)
    plan = schedule(news.decision, (*seen.named, *news.outputs), pools_of(farm), news.arranged)
    sources = store_sources(farm, standing, _only(plan, news.outputs))
    edits = proposals(standing, plan.decision, base)
    return Again(plan, sources, hindsight.forced, hindsight.stopped, edits)


def _base(farm: Farm, number: int) -> list[Artifact]:
    with farm.reading() as session:
        current, there = farm.standings.base(session)
        if current == number:
            return list(there)
        return [row.value() for row in channels.files_in(session, TESTING, number)]


def _only(plan: Plan, outputs: tuple[Output, ...]) -> Plan:
    """The builds in which something is new."""
    new = {output.file_name for output in outputs}
    builds = (job for job in plan.jobs if job.kind is JobKind.BUILD)
    return replace(plan, jobs=tuple(job for job in builds if any(o.file_name in new for o in job.outputs)))
