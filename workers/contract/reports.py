"""Report: what came of an attempt, in facts. What it means is decided by the controller."""

from enum import StrEnum
from typing import ClassVar

from workers.contract.messages import Message, Words

MOST_FAILING = 100


class Outcome(StrEnum):
    """What a worker saw. The controller draws the consequence."""

    PASSED = "passed"
    FAILED = "failed"
    """The recipe's own script or test failed."""
    UNSOLVABLE = "unsolvable"
    """An environment could not be solved; the message holds the solver's words."""
    TIMEOUT = "timeout"
    """The job took longer than its limit."""
    SILENT = "silent"
    """The job wrote nothing for longer than its limit."""
    NO_TESTS = "no_tests"
    """The package carries no test; never the same as passed."""
    NOT_RUNNABLE = "not_runnable"
    """The tests cannot run on this machine."""
    REFUSED = "refused"
    """What was built is not what was ordered: another name, or a planned parent missing."""
    OVER_LIMIT = "over_limit"
    """The log or the output grew past its limit."""
    INFRASTRUCTURE = "infrastructure"
    """The worker's own fault: disk, network, a killed child. No recipe is to blame."""


class Phase(Message):
    """One named stretch of an attempt, in seconds."""

    name: Words
    seconds: float


class ProducedFile(Message):
    """A package file that was uploaded before this report."""

    file_name: str
    subdir: str
    sha256: str
    size: int
    interface_sha256: str = ""
    """Digest of a gzipped JSON document, uploaded like a file: what the package's programs and libraries offer and
    take (``interfaces.py``). Empty where nobody looked."""


class TestCase(Message):
    """One case of a test that writes down its cases (JUnit XML)."""

    __test__: ClassVar[bool] = False  # not a test class, whatever pytest thinks of the name

    name: Words
    """``class::case`` as the file says it, without what changes from run to run."""
    outcome: Outcome
    """``passed``, ``failed``, or ``not_runnable`` for one that was skipped."""
    seconds: float = 0.0
    message: Words = ""
    """The first line of what was wrong, or of why it was skipped."""
    where: Words = ""
    """``file:line``, where it is told."""


class TestOutcome(Message):
    """One test of a package file."""

    __test__: ClassVar[bool] = False  # not a test class, whatever pytest thinks of the name

    index: int
    kind: Words
    """``python``, ``commands``, ``downstream``, ...: the word of the builder."""
    outcome: Outcome
    seconds: float
    message: Words = ""
    line: int = 0
    """The line of the attempt's log that tells most about a failure; 0 where none does."""
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    """Cases, where the test wrote them down; of one that did not all three are 0."""
    failing: tuple[TestCase, ...] = ()
    """The first of the cases that failed, at most ``MOST_FAILING``."""
    cases_sha256: str = ""
    """Digest of a gzipped JSON list of all its cases, uploaded like a file. Empty where it wrote none down."""


class Report(Message):
    """The end of an attempt."""

    lease: int
    outcome: Outcome
    phase: Words = ""
    """The phase in which it ended: ``fetch``, ``solve``, ``build``, ``test``, ``upload``."""
    message: Words = ""
    """One sentence, or the solver's words."""
    phases: tuple[Phase, ...] = ()
    files: tuple[ProducedFile, ...] = ()
    tests: tuple[TestOutcome, ...] = ()
    peak_memory_bytes: int = 0
    """The most memory that the job's processes were seen to hold together; 0 where nobody looked."""


class Receipt(Message):
    """The controller's answer to a report; the same answer if the report is sent again."""

    accepted: bool
    reason: str = ""
