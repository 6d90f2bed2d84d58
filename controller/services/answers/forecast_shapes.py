"""The shapes of forecasts, and of build numbers written back."""

from pydantic import Field

from controller.services.answers.shape import Shape


class StepShape(Shape):
    """One job of a chain that no number of workers shortens."""

    key: str
    """Its key in a plan, or its id in a batch."""
    kind: str
    name: str
    subdir: str
    seconds: float


class CompetingShape(Shape):
    """Open jobs of another batch in the same pools."""

    batch: str
    jobs: int
    before: int
    """How many of them are expected to start before the last job of the forecast does."""
    seconds: float
    """Worker-seconds of all of them."""


class ForecastShape(Shape):
    """What is still to be done, and how long that takes from now."""

    jobs: dict[str, int] = Field(default_factory=dict)
    """By kind."""
    hours: dict[str, float] = Field(default_factory=dict)
    """Expected worker-hours by subdir."""
    critical_path: tuple[StepShape, ...] = ()
    critical_seconds: float = 0.0
    lower_seconds: float = 0.0
    """If each job took what only one in ten of its kind of try takes less than."""
    middle_seconds: float = 0.0
    """If each took its mean."""
    upper_seconds: float = 0.0
    """If each took what nine in ten stay within."""
    basis: dict[str, int] = Field(default_factory=dict)
    """How many jobs rest on what: ``own`` past, past of the ``recipe``, of the ``kind`` of job, ``nothing``."""
    workers: dict[str, int] = Field(default_factory=dict)
    """Workers counted on, by pool."""
    assumed: tuple[str, ...] = ()
    """Pools that nobody serves now; one worker is assumed for each."""
    competing: tuple[CompetingShape, ...] = ()
    range: str = ""
    """The range in words, as ``2 to 4 h``."""
    sentences: tuple[str, ...] = ()
    """All of it in words."""


class NumberEditShape(Shape):
    """The build number of one recipe, as an edit of its text."""

    recipe: str
    """Its folder; one of another tree is known as ``TREE:folder``."""
    file: str = ""
    """Relative to the tree."""
    number: int
    text: str = ""
    """Its new text; empty where it cannot be edited."""
    old_sha256: str = ""
    """Of the text that the edit was made to."""
    diff: str = ""
    """A patch, as git applies it."""
    why_not: str = ""
    """Why its text cannot be edited: a sentence without its full stop."""


class NumbersAnswer(Shape):
    """The numbers that a batch was given, written into the recipes of its tree; what says its number already is not
    named.
    """

    batch: str
    tree: str
    commit: str
    edits: tuple[NumberEditShape, ...] = ()
