"""Forecasts in words: what a duration rests on, times and ranges, and why a plan waits for a person.

Part of ``controller.domain.wording``, which holds the words of all states.
"""

from collections.abc import Mapping
from types import MappingProxyType

from controller.domain.forecasts import Basis, Holding, Span

BASIS_WORDS: Mapping[Basis, str] = MappingProxyType(
    {
        Basis.OWN: "by its own past",
        Basis.RECIPE: "by its recipe's other packages and platforms",
        Basis.KIND: "by all jobs of its kind",
        Basis.NOTHING: "guessed, since nothing like it was measured",
    }
)


def lasting(seconds: float) -> str:
    """A time as people say it: ``45 s``, ``12 m``, ``3.5 h``, ``4 d``."""
    for unit, size in (("d", 86_400.0), ("h", 3600.0), ("m", 60.0)):
        if seconds >= 1.5 * size:
            number = seconds / size
            return f"{number:.1f} {unit}".replace(".0 ", " ") if number < 10 else f"{number:.0f} {unit}"
    return f"{seconds:.0f} s"


def span_words(span: Span) -> str:
    """A range: ``2 to 4 h``, ``40 m to 3 h``; one time where both ends are said alike."""
    lower, upper = lasting(span.lower), lasting(span.upper)
    if lower == upper:
        return upper
    number, _, unit = lower.partition(" ")
    return f"{number if upper.endswith(f' {unit}') else lower} to {upper}"


def holding_sentence(holding: Holding) -> str:
    """Why a plan waits for a person, with the figures; to go on after ``Held:``."""
    if not holding.batches:
        return f"{holding.jobs:,} jobs, and more than {holding.most:,} go only when a person releases them."
    return (
        f"{holding.jobs:,} jobs, where nine in ten of the last {holding.batches} batches of this tree had no "
        f"more than {holding.usual:,}; above {holding.most:,} a person must release it."
    )
