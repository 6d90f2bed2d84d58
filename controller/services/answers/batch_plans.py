"""The plan of a batch: as it stands, and as it stood before it was decided again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from controller.domain.errors import NotFoundError
from controller.services.answers.plan_shapes import BatchPlan
from controller.services.answers.reasons import kept_member, refusal_line
from controller.services.earlier_plans import plan_at
from controller.services.farm import Farm
from controller.storage import batches
from controller.storage.batches import BatchRow


class Known(NamedTuple):
    """A member as it is kept."""

    name: str
    kept: Mapping[str, Any]


def known_members(members: Iterable[Mapping[str, Any]]) -> list[Known]:
    """Members by name, unread."""
    return [Known(str(kept["output"]["name"]), kept) for kept in members]


class KeptPlan(NamedTuple):
    """A plan as it is kept with its batch. ``revision`` counts from 0, the plan that the batch was opened with."""

    revision: int
    members: Sequence[Mapping[str, Any]]
    jobs: int | None
    """None for a batch that was opened before these were counted."""


def batch_plan(row: BatchRow, revision: int | None = None) -> KeptPlan:
    """The plan of a batch, as it stands or as it stood. Raises NotFoundError."""
    newest = len(row.revisions)
    wanted = newest if revision is None else revision
    if wanted > newest:
        raise NotFoundError(
            f"The plan of {row.name} was decided again {newest} times, and not {wanted}.",
            remedy=f"As it stands it is {row.name}@{newest}; as it was opened, {row.name}@0.",
        )
    changed = [revision["number"] for revision in row.revisions if not revision["failed"]]
    found = plan_at(row.plan, wanted, changed)
    if found is None:
        raise NotFoundError(f"What {row.name}@{wanted} was is not kept.", remedy=f"Ask for {row.name}, as it stands.")
    return KeptPlan(wanted, found["members"], found.get("jobs"))


def plan_of_batch(farm: Farm, batch: str, revision: int | None = None) -> BatchPlan:
    """What a batch does about every output that its change reaches. Raises NotFoundError."""
    with farm.reading() as session:
        row = batches.find_batch(session, batch)
        found = batch_plan(row, revision)
        return BatchPlan(
            batch=row.name, revision=found.revision, revisions=len(row.revisions), title=row.title,
            members=tuple(kept_member(kept) for kept in found.members), job_count=found.jobs,
            refusals=tuple(refusal_line(refusal) for refusal in row.plan.get("refusals", ())),
            untouched=row.plan.get("current", 0),
        )  # fmt: skip
