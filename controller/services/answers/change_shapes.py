"""The shapes of what was predicted and proposed, and what came."""

from datetime import datetime

from controller.services.answers.shape import ReasonShape, Shape


class PlanChangeShape(Shape):
    """One thing that is otherwise than the batch's plan foresaw."""

    turn: str
    """``added``, ``dropped``, ``escalated`` or ``stopped``."""
    label: str
    mark: str
    category: str
    kind: str
    """``build`` or ``retest``: what is done, or is not done after all."""
    name: str
    subdir: str
    job: str = ""
    reason: ReasonShape


class RevisionShape(Shape):
    """The plan, decided again with what came of its jobs. ``number`` counts from 1 within the batch."""

    number: int
    at: datetime
    sentence: str
    changes: tuple[PlanChangeShape, ...] = ()


class DifferenceShape(Shape):
    """What a built file differs in from the one whose place it takes."""

    file: str
    name: str
    before: str = ""
    """Empty for one that was not there before."""
    unchanged: bool = False
    breaks: bool = False
    """Whether something is gone that others may use."""
    sentences: tuple[str, ...] = ()


class EditShape(Shape):
    """What a person would write into one recipe."""

    recipe: str
    diff: str
    """Unified, as ``git apply`` takes it; empty where nothing can be proposed."""
    open: tuple[str, ...] = ()
    """Specs that are in the way and for which nothing can be proposed."""
