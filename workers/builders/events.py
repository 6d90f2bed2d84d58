"""What a child process tells its runner: one JSON object a line on standard output.

``{"event": "log", "text": ...}``, ``{"event": "phase", "name": ...}`` and, last, ``{"event": "result", ...}`` with the
fields of ``Result``. A line that is none of these is a line of the log as it stands. Plain dataclasses, so that a
child starts without pydantic, which would cost more than a small build.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

MOST_FAILING = 100
"""As in the contract, which a child does not import."""
_PIECE = 32_768


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """A package file at ``path``, exactly the ordered one."""

    file_name: str
    subdir: str
    path: str


@dataclass(frozen=True, slots=True)
class CaseEnd:
    """One case of a test; ``outcome`` as that of the test."""

    name: str
    outcome: str = "passed"
    seconds: float = 0.0
    message: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class TestEnd:
    """One test of a package; ``outcome`` is a word of ``workers.contract.reports.Outcome``."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    index: int
    kind: str
    outcome: str
    seconds: float
    message: str = ""
    line: int = 0
    """Which of the lines that the child has spoken tells most about a failure; 0 where none does."""
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failing: tuple[CaseEnd, ...] = ()
    cases: str = ""
    """Path of the gzipped list of all its cases; empty where it wrote none down."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of the child's work; ``outcome`` is a word of ``workers.contract.reports.Outcome``."""

    outcome: str
    phase: str
    message: str = ""
    files: tuple[BuiltFile, ...] = ()
    tests: tuple[TestEnd, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """Text for the log; it may hold several lines and never ends with a break."""

    text: str
    spoken: bool = field(default=False, compare=False)
    """Whether the child itself said it, and counts it among its lines."""

    @property
    def lines(self) -> int:
        """How many lines of the log it is."""
        return self.text.count("\n") + 1


@dataclass(frozen=True, slots=True)
class PhaseStart:
    """The child enters a phase."""

    name: str


Event: TypeAlias = Line | PhaseStart | Result


def parse(line: str) -> Event:
    """The event that a line of the child's output is."""
    if not line.startswith('{"event"'):
        return Line(line)
    try:
        said = json.loads(line)
        return _event(said.pop("event"), said)
    except (ValueError, TypeError, KeyError):
        return Line(line)


def _event(kind: str, said: dict[str, Any]) -> Event:
    if kind == "result":
        files = tuple(BuiltFile(**file) for file in said.pop("files"))
        tests = tuple(_test_end(test) for test in said.pop("tests"))
        return Result(**said, files=files, tests=tests)
    return PhaseStart(said["name"]) if kind == "phase" else Line(said["text"], spoken=True)


def _test_end(said: dict[str, Any]) -> TestEnd:
    return TestEnd(**said | {"failing": tuple(CaseEnd(**case) for case in said.get("failing", ()))})


@dataclass(slots=True)
class Speaker:
    """The child's mouth. Whatever else writes to standard output ends up in the log as it stands."""

    descriptor: int
    lines: int = field(default=0, init=False)
    """How many lines of the log it has spoken."""
    _phase: str = field(default="", init=False)

    @classmethod
    def on_standard_output(cls) -> "Speaker":
        """Keep standard output for events, and send what others print there to standard error."""
        sys.stdout.flush()
        descriptor = os.dup(1)
        os.dup2(2, 1)
        return cls(descriptor)

    @property
    def phase_now(self) -> str:
        """The phase last entered."""
        return self._phase

    def log(self, text: str) -> None:
        """Say one or more lines of the log."""
        for start in range(0, max(len(text), 1), _PIECE):
            piece = text[start : start + _PIECE]
            self.lines += piece.count("\n") + 1
            self._say({"event": "log", "text": piece})

    def phase(self, name: str) -> None:
        """Enter a phase; entering the one that goes on says nothing."""
        if name != self._phase:
            self._phase = name
            self._say({"event": "phase", "name": name})

    def result(self, result: Result) -> None:
        """Say what came of it; the last word."""
        self._say({"event": "result", **asdict(result)})

    def _say(self, said: dict[str, Any]) -> None:
        data = memoryview((json.dumps(said) + "\n").encode())
        while data:
            data = data[os.write(self.descriptor, data) :]
