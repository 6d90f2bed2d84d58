"""What a person would write: for each spec of a recipe's own text that is in the way, the one that is not.

Bounds keep their form: ``mkl-devel 2025.*`` becomes ``mkl-devel 2026.*``, ``lib <2`` becomes ``lib <3``. What was not
made from the old version, as ``lib <1.9|>2``, is for the person alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.domain.artifacts import Artifact
from controller.domain.plans import Decision, Member, Membership, Reason, Rule
from controller.domain.recipes import Origin, Output
from controller.planning.specs import admits_version, name_of
from controller.planning.supposing import repinned

_IN_THE_WAY = frozenset({Rule.R4, Rule.R8, Rule.R18})
Versions = Mapping[str, tuple[str, str]]
"""Name to the version before and the version now."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One spec of one recipe. ``new`` is empty where nothing can be proposed."""

    recipe: str
    package: str
    old: str
    new: str = ""


def proposed(decision: Decision, base: Sequence[Artifact]) -> tuple[Edit, ...]:
    """The edits that a decision asks for, each once, by recipe."""
    versions = _versions(decision, base)
    found = (
        _edit(member.output, reason.spec, versions)
        for member in decision.members
        if member.membership in (Membership.EDIT, Membership.REBUILD)
        for reason in member.reasons
        if _is_text(member, reason)
    )
    return tuple(dict.fromkeys(found))


def _is_text(member: Member, reason: Reason) -> bool:
    """Whether text of the recipe is in the way; a pin is the tree's."""
    again = reason.rule is Rule.R18 and member.membership is not Membership.EDIT
    return reason.rule in _IN_THE_WAY and reason.origin != Origin.VARIANT and not again


def _versions(decision: Decision, base: Sequence[Artifact]) -> Versions:
    before = {artifact.name: artifact.version for artifact in base}
    now = {member.output.name: member.output.version for member in decision.members}
    now |= {move.about: move.detail.split(" ", 1)[0] for move in decision.moves}
    return {name: (before[name], version) for name, version in now.items() if name in before}


def _edit(output: Output, spec: str, versions: Versions) -> Edit:
    old, new = versions.get(name_of(spec), ("", ""))
    text = repinned(spec, old, new) if new else ""
    if text and "a0" not in spec:
        text = text.replace(".0a0", "")
    fits = bool(text) and text != spec and admits_version(text, new)
    return Edit(output.recipe, output.name, spec, text if fits else "")


def of_recipe(edits: Sequence[Edit]) -> Iterator[tuple[str, tuple[Edit, ...]]]:
    """The edits of each recipe."""
    for recipe in dict.fromkeys(edit.recipe for edit in edits):
        yield recipe, tuple(edit for edit in edits if edit.recipe == recipe)
