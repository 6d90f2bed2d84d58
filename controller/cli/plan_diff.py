"""``farm plan diff``: two plans side by side, each a file or the plan of a batch."""

import json
from pathlib import Path

from pydantic import ValidationError

from controller.cli.asking import Context
from controller.cli.output import Form, show, tell
from controller.domain.errors import InvalidInputError
from controller.services.answers.differences import difference, kept_plan_of, sentence
from controller.services.answers.plan_shapes import BatchPlan, PlanAnswer, PlanDifference
from controller.services.answers.shapes import MemberShape


def run_diff(context: Context, before: str, after: str, form: Form) -> None:
    """How two plans differ. Only for a batch a controller is asked."""
    both = kept_plan_of(before), kept_plan_of(after)
    if all(both):
        with context.client() as client:
            found = client.plan_difference(before, after)
    else:
        found = difference(_plan(context, before), _plan(context, after))
    show(form, found, lambda: _print(found), ())


def _plan(context: Context, name: str) -> PlanAnswer | BatchPlan:
    kept = kept_plan_of(name)
    if kept is None:
        return _read(Path(name))
    with context.client() as client:
        return client.batch_plan(*kept)


def _print(found: PlanDifference) -> None:
    for revision in found.revisions:
        tell(f"{found.after.split('@')[0]}@{revision.number}, decided again: {revision.sentence}")
    for head, members in (("Only in the second", found.added), ("Only in the first", found.dropped)):
        for member in members:
            tell(f"{head}: {member.membership} {_line(member)}")
    for old, new in found.moved:
        tell(f"{old.membership} becomes {new.membership}: {_line(new)}")
    for _, new in found.other_reason:
        tell(f"{new.membership} for another reason: {_line(new)}")
    tell(sentence(found))


def _line(member: MemberShape) -> str:
    why = f"{member.reasons[0].sentence} [{member.reasons[0].rule}]"
    return f"{member.name} {member.version} ({member.subdir}): {why}"


def _read(path: Path) -> PlanAnswer:
    remedy = "Write one with `farm plan -o json > FILE`, or name a batch, as B-7."
    try:
        return PlanAnswer.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}.", remedy=remedy) from error
    except (ValueError, ValidationError) as error:
        raise InvalidInputError(f"{path} holds no plan.", remedy=remedy) from error
