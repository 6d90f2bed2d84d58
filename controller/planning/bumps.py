"""What a bump of a library really is: four plans that have little in common (rebuild-semantics 2.3, the two examples).

"Push a new MKL or LLVM" is a pin bump for some, an edit of the recipe for others, a relink for those who hold a part
of it, and for a compiler a rebuild of everything compiled; member by member.
"""

from collections.abc import Mapping
from enum import StrEnum

from controller.domain.plans import Decision, Member, Membership, Rule
from controller.domain.recipes import Origin


class Bump(StrEnum):
    """What a moved library is to one member."""

    PIN = "pin bump"
    """Built again as it is written, it takes the new one."""
    EDIT = "recipe edit"
    """Text in its recipe keeps it on the old one."""
    BEHIND = "pin left behind"
    """A pin of the tree keeps it on the old one."""
    RELINK = "static relink"
    """It holds a part of the old one, which no solver sees."""
    COMPILER = "compiler change"
    """It was compiled by it, or linked against what the compiler brings."""
    BESIDE = "stands beside"
    """The old one stays installable beside the new; it moves when its own recipe does."""
    RETEST = "retest"
    """It goes with the new one as it is, which its tests have to show."""


_COMPILER_KEYS = ("_compiler", "_compiler_version", "_stdlib", "_stdlib_version")
"""How the names of keys end that name a compiler or what it links against."""
_OF_RULE: Mapping[Rule, Bump] = {
    Rule.R1: Bump.PIN, Rule.R3: Bump.PIN, Rule.R11: Bump.PIN, Rule.R18: Bump.PIN, Rule.R20: Bump.PIN, Rule.R2: Bump.PIN,
    Rule.R10: Bump.RELINK, Rule.R6: Bump.RELINK, Rule.R17: Bump.RELINK, Rule.R5: Bump.COMPILER,
}  # fmt: skip


def diagnose(decision: Decision) -> dict[str, dict[Bump, tuple[Member, ...]]]:
    """By what moved, a package or a pin: every member whose deciding reason speaks of it, by what the move is to it.

    What moved itself is no member of its own; the causes of most come first.
    """
    found: dict[str, dict[Bump, list[Member]]] = {}
    for member in decision.members:
        bump, about = _bump(member), member.reasons[0].about
        if bump is not None and about != member.output.name:
            found.setdefault(about, {}).setdefault(bump, []).append(member)
    by_size = sorted(found.items(), key=lambda item: (-sum(map(len, item[1].values())), item[0]))
    return {about: {bump: tuple(bumps[bump]) for bump in Bump if bump in bumps} for about, bumps in by_size}


def _bump(member: Member) -> Bump | None:
    reason = member.reasons[0]
    if reason.rule is Rule.R12:
        return Bump.BESIDE
    if member.membership is Membership.REBUILD:
        compiled = reason.rule is Rule.R3 and reason.about.endswith(_COMPILER_KEYS)
        return Bump.COMPILER if compiled else _OF_RULE.get(reason.rule)
    if member.membership is Membership.EDIT and reason.origin == Origin.VARIANT:
        return Bump.BEHIND
    return {Membership.EDIT: Bump.EDIT, Membership.RETEST: Bump.RETEST}.get(member.membership)
