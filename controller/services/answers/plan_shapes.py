"""The shapes of plans, and of the answers to questions that open no batch."""

from controller.services.answers.change_shapes import EditShape, RevisionShape
from controller.services.answers.forecast_shapes import ForecastShape
from controller.services.answers.shape import NoticeShape, ReasonShape, Shape
from controller.services.answers.shapes import MemberShape


class PlannedJobShape(Shape):
    """A job that a push would open."""

    key: str
    kind: str
    name: str
    recipe: str
    subdir: str
    pool: str
    wave: int
    stage: int = 0
    """Above 0: a build that carries a circle on to its next stage, and publishes nothing."""
    files: tuple[str, ...] = ()
    """File names it would build, in order; for a test, the file it is about."""
    parents: tuple[str, ...] = ()
    """Keys of the jobs it would wait for."""
    reasons: tuple[ReasonShape, ...] = ()


class BumpShape(Shape):
    """What one move is to some packages."""

    about: str
    """The package, or the pin, that moved."""
    bump: str
    packages: tuple[str, ...]


class GoneShape(Shape):
    """A file that is renewed no more."""

    file: str
    sentence: str


class PlanAnswer(Shape):
    """What a push would do. Nothing is changed by asking."""

    members: tuple[MemberShape, ...] = ()
    """Every output that the change reaches, and what is done about it."""
    jobs: tuple[PlannedJobShape, ...] = ()
    waves: int = 0
    refusals: tuple[str, ...] = ()
    """Recipes that could not be read, each with file, line and cause."""
    untouched: int = 0
    """How many outputs of the tree the change does not reach."""
    forecast: ForecastShape | None = None
    bumps: tuple[BumpShape, ...] = ()
    """What each thing that moved is to whom: pin bump, recipe edit, static relink, compiler change, retest."""
    moves: tuple[ReasonShape, ...] = ()
    """Packages of other channels that moved."""
    gone: tuple[GoneShape, ...] = ()
    """Files of the target that nothing in the tree makes any more."""
    circles: tuple[str, ...] = ()
    """How packages that are built with each other are built, or why they are not, in sentences."""
    notices: tuple[NoticeShape, ...] = ()
    """Pins that stay behind what moved, and migrations that overlap, are done or are broken."""
    text_only: tuple[str, ...] = ()
    """Recipes that differ in what alters no build."""
    edits: tuple[EditShape, ...] = ()
    """What people would have to write, as diffs."""


class RuleCount(Shape):
    """How many outputs a rule decided."""

    rule: str
    title: str
    membership: str
    count: int


class AffectedAnswer(Shape):
    """All that a change reaches."""

    members: tuple[MemberShape, ...]
    rules: tuple[RuleCount, ...]
    untouched: int


class PlanDifference(Shape):
    """How two plans differ. Pairs are the first plan's member and the second's."""

    added: tuple[MemberShape, ...] = ()
    dropped: tuple[MemberShape, ...] = ()
    moved: tuple[tuple[MemberShape, MemberShape], ...] = ()
    """With another membership."""
    other_reason: tuple[tuple[MemberShape, MemberShape], ...] = ()
    jobs: int = 0
    """How many jobs more the second has."""
    same: int = 0
    """How many outputs both do the same about, for the same reason."""
    before: str = ""
    """``B-7@0`` for the plan of a batch."""
    after: str = ""
    revisions: tuple[RevisionShape, ...] = ()
    """Of one batch: each new decision between the two."""


class BatchPlan(Shape):
    """What a batch does about every output that its change reaches."""

    batch: str
    revision: int
    """How often it had been decided again; 0 is the plan that the batch was opened with."""
    revisions: int
    """How often it was decided again until now."""
    title: str = ""
    members: tuple[MemberShape, ...] = ()
    job_count: int | None = None
    """None where it was not counted yet."""
    refusals: tuple[str, ...] = ()
    untouched: int = 0
