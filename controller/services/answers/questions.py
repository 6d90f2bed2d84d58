"""Answers to questions that open no batch: why, what is affected, and how two plans differ."""

from collections import Counter
from collections.abc import Iterable

from controller.domain.errors import NotFoundError
from controller.domain.plans import Membership, Rule
from controller.domain.rule_words import RULE_WORDS
from controller.services.answers.plan_shapes import (
    AffectedAnswer,
    EditShape,
    PlanAnswer,
    PlanDifference,
    RuleCount,
    WhyAnswer,
)
from controller.services.answers.plans import plan_answer
from controller.services.answers.reasons import member_shape
from controller.services.answers.shapes import MemberShape
from controller.services.questions import Answered

_LEFT_OUT = (Membership.NOTHING.value,)


def answered_plan(answered: Answered) -> PlanAnswer:
    """The plan, with what only its making could tell."""
    edits = tuple(EditShape(recipe=edit.recipe, diff=edit.diff, open=edit.open) for edit in answered.edits)
    return plan_answer(answered.plan).model_copy(update={"text_only": answered.text_only, "edits": edits})


def why(answered: Answered, name: str) -> WhyAnswer:
    """Every output of that name, what becomes of it and why; untouched ones too. Raises NotFoundError."""
    members = [member for member in answered.plan.decision.members if member.output.name == name]
    if not members:
        raise NotFoundError(f"No recipe makes {name}.", remedy="See `farm recipe list --tree TREE`.")
    return WhyAnswer(name=name, members=tuple(member_shape(member) for member in members))


def affected(answered: Answered) -> AffectedAnswer:
    """All that a change reaches, with how many each rule decided."""
    plan = answered_plan(answered)
    members = tuple(member for member in plan.members if member.membership not in _LEFT_OUT)
    counts = Counter((member.reasons[0].rule, member.membership) for member in members)
    rules = tuple(
        RuleCount(rule=rule, title=RULE_WORDS[Rule(rule)].title, membership=membership, count=count)
        for (rule, membership), count in counts.most_common()
    )
    return AffectedAnswer(members=members, rules=rules, untouched=plan.untouched)


def difference(before: PlanAnswer, after: PlanAnswer) -> PlanDifference:
    """What the second plan does that the first does not, and the other way round."""
    old, new = _by_output(before.members), _by_output(after.members)
    both = old.keys() & new.keys()
    moved = sorted(key for key in both if old[key].membership != new[key].membership)
    other = sorted(key for key in both - set(moved) if _rule(old[key]) != _rule(new[key]))
    return PlanDifference(
        added=tuple(new[key] for key in sorted(new.keys() - old.keys())),
        dropped=tuple(old[key] for key in sorted(old.keys() - new.keys())),
        moved=tuple((old[key], new[key]) for key in moved),
        other_reason=tuple((old[key], new[key]) for key in other),
        jobs=len(after.jobs) - len(before.jobs),
    )


def _by_output(members: Iterable[MemberShape]) -> dict[tuple[str, str, str, str], MemberShape]:
    """The build string tells variants apart, its number does not."""
    return {(m.recipe, m.name, m.subdir, m.file.rpartition("_")[0]): m for m in members}


def _rule(member: MemberShape) -> tuple[str, str, str]:
    reason = member.reasons[0]
    return reason.rule, reason.about, reason.spec
