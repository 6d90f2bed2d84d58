"""What others overtook or superseded, in words."""

from controller.domain.artifacts import Artifact

_LATER = "Others published first: what they overtook is built again"


def newer_sentence(newest: Artifact) -> str:
    """Why a file gives way to what another batch published."""
    return f"testing has got {_which(newest)} of it meanwhile, which is no older."


def excluded_sentence(other: Artifact, spec: str) -> str:
    """Why a file cannot come beside a newcomer."""
    return f"{other.name} {_which(other)} came meanwhile, and its '{spec}' excludes it."


def held_sentence(old: Artifact, new: Artifact, spec: str) -> str:
    """Why a file would hold its users on a package that has been replaced."""
    return (
        f"It was built while testing had {old.name} {_which(old)}; {_which(new)} has come since, which its "
        f"'{spec}' excludes."
    )


def again_sentence(again: str) -> str:
    """Where what was overtaken is built again: ``due``, a batch, or nowhere, of which nothing is said."""
    if again == "due":
        return f"{_LATER} once the batches that were opened later have ended."
    return f"{_LATER} in {again}." if again.startswith("B-") else ""


def superseded_words(newer: str, way: str) -> str:
    """Why a job of an older batch is ended."""
    return f"superseded by {newer}: {way}"


def becomes(name: str, old: str, new: str) -> str:
    """What a newer push builds in the place of a package."""
    return f"{name} {old} becomes {new}" if old != new else f"the recipe of {name} changed again"


AND_WHAT_WAITS = "what it waits for is built otherwise there"


def _which(artifact: Artifact) -> str:
    return f"{artifact.version} {artifact.build}"
