"""Reasons as kept with a plan, with the sentence people read."""

from collections.abc import Iterable, Mapping
from typing import Any

from controller.domain.circle_words import circle_sentences, deadlock_sentences
from controller.domain.notice_words import notice_sentence
from controller.domain.plans import Circle, Deadlock, Member, Membership, Notice, Reason
from controller.domain.rule_words import RULE_WORDS
from controller.domain.wording import MEMBERSHIP_WORDS, origin_words, reason_sentence
from controller.services.answers.shape import NoticeShape, ReasonShape
from controller.services.answers.shapes import MemberShape
from controller.services.answers.words import field_of
from controller.storage.tables import from_json, to_json


def reason_shape(kept: Mapping[str, Any]) -> ReasonShape:
    """One reason."""
    reason: Reason = from_json(Reason, kept)
    return ReasonShape(
        rule=reason.rule.value, title=RULE_WORDS[reason.rule].title, about=reason.about, spec=reason.spec,
        origin=reason.origin, source=origin_words(reason.origin) if reason.origin else "", path=reason.path,
        sentence=reason_sentence(reason),
    )  # fmt: skip


def notice_shape(kept: Mapping[str, Any]) -> NoticeShape:
    """One notice, with its sentence."""
    notice: Notice = from_json(Notice, kept)
    return NoticeShape(
        kind=notice.kind.value, about=notice.about, file=notice.file, line=notice.line, values=notice.values,
        beside=notice.beside, now=notice.now, proposed=notice.proposed, keys=notice.keys, users=notice.users,
        sentence=notice_sentence(notice),
    )  # fmt: skip


def member_shape(member: Member) -> MemberShape:
    """One output and what the plan does about it."""
    kept: Mapping[str, Any] = to_json(Member, member)
    return kept_member(kept)


def kept_member(kept: Mapping[str, Any]) -> MemberShape:
    """A member as kept with its batch; read field by field, since a batch may leave thousands out."""
    output, membership = kept["output"], str(kept["membership"])
    name = f"{output['name']}-{output['version']}-{output['build']}.conda"
    rebuilt = membership == Membership.REBUILD
    words = MEMBERSHIP_WORDS[Membership(membership)]
    return MemberShape(
        name=output["name"], version=output["version"], subdir=output["subdir"], recipe=output["recipe"],
        membership=membership, mark=words.mark, label=words.label, category=field_of(words.category),
        file=f"{output['subdir']}/{name}" if rebuilt else kept["artifact"],
        reasons=tuple(reason_shape(reason) for reason in kept["reasons"]),
    )  # fmt: skip


def circle_lines(circles: Iterable[Circle], deadlocks: Iterable[Deadlock]) -> tuple[str, ...]:
    """One text for each: how it is built, or why not."""
    built = (" ".join(circle_sentences(circle)) for circle in circles)
    return (*built, *(" ".join(deadlock_sentences(deadlock)) for deadlock in deadlocks))


def refusal_line(kept: Mapping[str, Any]) -> str:
    """A recipe that could not be read: where, and why."""
    where = f"{kept['file']}, line {kept['line']}" if kept.get("line") else str(kept["file"])
    return f"{where}: {kept['cause']}"
