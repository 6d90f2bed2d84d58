"""What was predicted of a batch, and what came."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from controller.domain.difference_words import difference_sentences
from controller.domain.differences import Difference, PlanChange, Revision, Turn
from controller.domain.wording import TURN_WORDS
from controller.services.answers.change_shapes import DifferenceShape, PlanChangeShape, RevisionShape
from controller.services.answers.reasons import reason_shape
from controller.services.answers.words import field_of
from controller.storage.tables import from_json, to_json


def revision_shapes(kept: Iterable[Mapping[str, Any]]) -> tuple[RevisionShape, ...]:
    """How a plan changed each time that it was decided again."""
    return tuple(_revision(from_json(Revision, revision)) for revision in kept)


def difference_shapes(kept: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[DifferenceShape, ...]:
    """What was built beside what was there before, where there is anything to tell."""
    found = ((name, from_json(Difference, difference)) for name, difference in kept)
    shapes = (_difference(name, difference) for name, difference in found)
    return tuple(shape for shape in shapes if shape.sentences)


def _revision(revision: Revision) -> RevisionShape:
    return RevisionShape(
        number=revision.number, at=revision.at, sentence=_sentence(revision),
        changes=tuple(map(_change, revision.changes)),
    )  # fmt: skip


def _sentence(revision: Revision) -> str:
    if revision.failed:
        return f"It could not be decided again, so it goes on as it was planned: {revision.failed.rstrip('.')}."
    counts = Counter(change.turn for change in revision.changes)
    return ", ".join(f"{counts[turn]:,} {TURN_WORDS[turn].label}" for turn in Turn if counts[turn]).capitalize() + "."


def _change(change: PlanChange) -> PlanChangeShape:
    words = TURN_WORDS[change.turn]
    return PlanChangeShape(
        turn=change.turn.value, label=words.label, mark=words.mark, category=field_of(words.category),
        kind=change.kind, name=change.name, subdir=change.subdir, job=change.job,
        reason=reason_shape(to_json(type(change.reason), change.reason)),
    )  # fmt: skip


def _difference(name: str, found: Difference) -> DifferenceShape:
    return DifferenceShape(
        file=found.file, name=name, before=found.before, unchanged=found.unchanged, breaks=found.breaks,
        sentences=difference_sentences(found),
    )  # fmt: skip
