"""What a translation could not carry over, by construct."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loss:
    """One construct of the old format that the new one has no twin for."""

    construct: str
    """Where it stands: ``outputs[2]/build/features``."""
    why: str
    remedy: str = "Write the recipe in the new format."
    blocking: bool = True
    """Whether the package would be another without it, so that the recipe cannot be built this way."""
