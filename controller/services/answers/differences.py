"""How two plans differ: two that were asked for, two batches, or one batch before and after it was decided again."""

import re
from collections.abc import Iterable, Iterator

from controller.domain.errors import InvalidInputError
from controller.services.answers.batch_plans import plan_of_batch
from controller.services.answers.change_shapes import RevisionShape
from controller.services.answers.plan_shapes import BatchPlan, PlanAnswer, PlanDifference
from controller.services.answers.revisions import revision_shapes
from controller.services.answers.shapes import MemberShape
from controller.services.farm import Farm
from controller.storage import batches

_NAME = re.compile(r"([Bb]-[0-9]{1,18})(?:@([0-9]{1,6}))?")


def kept_plan_of(name: str) -> tuple[str, int | None] | None:
    """``B-7@2`` taken apart: batch, and revision if one is named; None for what is no such name."""
    found = _NAME.fullmatch(name)
    return (found[1].upper(), int(found[2]) if found[2] else None) if found else None


def difference_of_batches(farm: Farm, before: str, after: str) -> PlanDifference:
    """The plans of ``B-7`` and ``B-8``, or of ``B-7@0`` and ``B-7``. Raises NotFoundError, InvalidInputError."""
    first, second = _known(farm, before), _known(farm, after)
    between = tuple(_between(farm, first, second)) if first.batch == second.batch else ()
    return difference(first, second).model_copy(update={"revisions": between})


def difference(before: PlanAnswer | BatchPlan, after: PlanAnswer | BatchPlan) -> PlanDifference:
    """What the second plan does that the first does not, and the other way round."""
    old, new = _by_output(before.members), _by_output(after.members)
    both = old.keys() & new.keys()
    moved = sorted(key for key in both if old[key].membership != new[key].membership)
    other = sorted(key for key in both - set(moved) if _rule(old[key]) != _rule(new[key]))
    first, second = _jobs(before), _jobs(after)
    return PlanDifference(
        before=_name(before), after=_name(after),
        added=tuple(new[key] for key in sorted(new.keys() - old.keys())),
        dropped=tuple(old[key] for key in sorted(old.keys() - new.keys())),
        moved=tuple((old[key], new[key]) for key in moved),
        other_reason=tuple((old[key], new[key]) for key in other),
        same=len(both) - len(moved) - len(other),
        jobs=second - first if first is not None and second is not None else 0,
    )  # fmt: skip


def sentence(found: PlanDifference) -> str:
    """How two plans differ, in one line."""
    counts = (
        (len(found.added), "only in the second"), (len(found.dropped), "only in the first"),
        (len(found.moved), "done otherwise"), (len(found.other_reason), "for another reason"),
    )  # fmt: skip
    said = ", ".join(f"{number:,} {words}" for number, words in counts if number)
    if not said:
        return "The two plans do the same."
    more = f"; {abs(found.jobs):,} {'jobs' if abs(found.jobs) != 1 else 'job'} " if found.jobs else ""
    return f"{said}; {found.same:,} the same{more}{('more' if found.jobs > 0 else 'fewer') if more else ''}."


def _known(farm: Farm, name: str) -> BatchPlan:
    found = kept_plan_of(name)
    if found is None:
        raise InvalidInputError(f"'{name[:60]}' is no plan of a batch.", remedy="Write B-7, or B-7@0 as it was opened.")
    return plan_of_batch(farm, *found)


def _between(farm: Farm, before: BatchPlan, after: BatchPlan) -> Iterator[RevisionShape]:
    first, last = sorted((before.revision, after.revision))
    with farm.reading() as session:
        row = batches.find_batch(session, before.batch)
        yield from (revision for revision in revision_shapes(row.revisions) if first < revision.number <= last)


def _name(plan: PlanAnswer | BatchPlan) -> str:
    return f"{plan.batch}@{plan.revision}" if isinstance(plan, BatchPlan) else ""


def _jobs(plan: PlanAnswer | BatchPlan) -> int | None:
    return plan.job_count if isinstance(plan, BatchPlan) else len(plan.jobs)


def _by_output(members: Iterable[MemberShape]) -> dict[tuple[str, str, str, str], MemberShape]:
    """The build string tells variants apart, its number does not."""
    return {(m.recipe, m.name, m.subdir, m.file.rpartition("_")[0]): m for m in members}


def _rule(member: MemberShape) -> tuple[str, str, str]:
    reason = member.reasons[0]
    return reason.rule, reason.about, reason.spec
