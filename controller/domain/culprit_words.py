"""Suspects in words."""

from collections.abc import Sequence

from controller.domain.culprits import Suspect

_NAMED = 5


def suspects_sentence(suspects: Sequence[Suspect], name: str) -> str:
    """What of the changes that came together can have broken a job of this package; empty where none is known."""
    if not suspects:
        return ""
    first = suspects[0]
    if len(suspects) == 1:
        who = "its own change" if first.name == name else f"the change of {first.name}"
        return f"Of what changed only {who} can have broken it{_detail(first)}."
    named = [suspect.name for suspect in suspects[:_NAMED]]
    rest = len(suspects) - len(named)
    last = f"{rest} more" if rest else named.pop()
    names = f"{', '.join(named)} and {last}"
    return f"Any of {len(suspects)} changes can have broken it, the nearest first{_detail(first)}: {names}."


def _detail(suspect: Suspect) -> str:
    return f" ({suspect.detail})" if suspect.detail else ""
