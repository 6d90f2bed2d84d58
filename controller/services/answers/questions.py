"""Answers to questions that open no batch: the plan, and what is affected."""

from collections import Counter

from controller.domain.plans import Membership, Rule
from controller.domain.rule_words import RULE_WORDS
from controller.services.answers.change_shapes import EditShape
from controller.services.answers.plan_shapes import (
    AffectedAnswer,
    PlanAnswer,
    RuleCount,
)
from controller.services.answers.plans import plan_answer
from controller.services.questions import Answered

_LEFT_OUT = (Membership.NOTHING.value,)


def answered_plan(answered: Answered) -> PlanAnswer:
    """The plan, with what only its making could tell."""
    edits = tuple(EditShape(recipe=edit.recipe, diff=edit.diff, open=edit.open) for edit in answered.edits)
    return plan_answer(answered.plan).model_copy(update={"text_only": answered.text_only, "edits": edits})


def affected(answered: Answered) -> AffectedAnswer:
    """All that a change reaches, with how many each rule decided."""
    return affected_of(answered_plan(answered))


def affected_of(plan: PlanAnswer) -> AffectedAnswer:
    """The same of a plan that is there already."""
    members = tuple(member for member in plan.members if member.membership not in _LEFT_OUT)
    counts = Counter((member.reasons[0].rule, member.membership) for member in members)
    rules = tuple(
        RuleCount(rule=rule, title=RULE_WORDS[Rule(rule)].title, membership=membership, count=count)
        for (rule, membership), count in counts.most_common()
    )
    return AffectedAnswer(members=members, rules=rules, untouched=plan.untouched)
