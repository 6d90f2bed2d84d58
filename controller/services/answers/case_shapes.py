"""What is told of the cases of tests, of quarantine and of expected failures."""

from datetime import date, datetime

from controller.services.answers.shape import Shape


class RemarkShape(Shape):
    """What is said of how a job ended."""

    kind: str
    """``failed_quarantined``, ``failed_expected``, ``over`` or ``now_passes``."""
    mark: str
    label: str
    category: str
    case: str = ""
    """Empty where a build, or a test as a whole, is meant."""
    sentence: str


class JobRemarkShape(RemarkShape):
    """The same on the page of its batch."""

    job: str
    job_kind: str
    name: str
    subdir: str


class CaseShape(Shape):
    """A case that failed, and what is known of it."""

    name: str
    message: str = ""
    where: str = ""
    """``file:line``, where it is told."""
    failed: int = 0
    """Of the last ``runs`` in how many it failed to the end."""
    flaked: int = 0
    """In how many it passed when repeated alone."""
    runs: int = 0
    history: str = ""
    """In words: ``failed 3 of the last 40 runs``."""
    first_at: datetime | None = None
    remark: RemarkShape | None = None


class TestedShape(Shape):
    """How the cases of the tests of a job went, where they were told, in its newest try."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    line: str = ""
    """``41 passed, 1 failed, 2 skipped``."""
    cases: tuple[CaseShape, ...] = ()
    more: int = 0
    """How many more failed than are told."""


class QuarantineShape(Shape):
    """A test, or one case of it, that is quarantined."""

    name: str
    subdir: str
    """Empty: on all."""
    case: str
    """Empty: the test as a whole."""
    author: str
    reason: str
    since: datetime
    until: datetime
    clean: int
    """Runs in a row in which it did not fail."""
    sentence: str = ""


class ExpectationShape(Shape):
    """What a tree expects to fail, and how it came out last."""

    recipe: str
    name: str
    subdir: str
    kind: str
    """``build`` or ``test``."""
    case: str
    state: str
    """``failed_expected``, ``now_passes`` or ``over``."""
    mark: str
    label: str
    category: str
    why: str
    until: date | None = None
    job: str
    at: datetime
    sentence: str = ""


class ReleasedAnswer(Shape):
    """How many entries were ended."""

    released: int
