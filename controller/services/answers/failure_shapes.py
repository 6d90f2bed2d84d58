"""What is told of failures that are remembered."""

from datetime import datetime

from controller.services.answers.shape import Shape


class KnownFailureShape(Shape):
    """A build that is not run again with the same inputs."""

    inputs: str
    """Digest of what it is made of."""
    recipe: str
    name: str
    subdir: str
    failure: str
    """The class, as ``compile``."""
    line: str
    job: str
    spared: int
    """Jobs that were not run because of it."""
    at: datetime
    until: datetime


class FlakeShape(Shape):
    """A test that failed and passed when it was repeated alone."""

    recipe: str
    name: str
    subdir: str
    runs: int
    """Test jobs of this package that ended, since the first one."""
    flakes: int
    line: str
    """The failing line of the last one."""
    job: str
    at: datetime
    case: str = ""
    """The case of it; empty for the test as a whole."""
    recent: int = 0
    """How often it came and went in the last ``recent_runs`` runs."""
    recent_runs: int = 0
    quarantined: str = ""
    """By whom, until when and why it is quarantined; empty where it is not."""


class ForgottenAnswer(Shape):
    """How many were forgotten."""

    forgotten: int
