"""Regression or not: what people read of a test that did not pass, and of the control that is run for it."""

from controller.domain.baseline_words import comparison_sentence
from controller.domain.jobs import JobKind
from controller.services.baselines import comparison_of
from controller.storage.jobs import JobRow


def control_of(row: JobRow) -> str:
    """The other one of a job and its control; empty where there is none."""
    return f"J-{row.control_of}" if row.control_of else str(row.compared.get("control", ""))


def compared_words(row: JobRow) -> str:
    """In a sentence; empty where nothing was compared."""
    found, other = comparison_of(row), control_of(row)
    if found is not None:
        return comparison_sentence(found)
    if row.kind == JobKind.CONTROL:
        return f"Run for {other}: the same tests, without anything of B-{row.batch_id}."
    return f"{other} runs the same tests without the change; until it has ended nothing follows." if other else ""
