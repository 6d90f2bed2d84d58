"""Sorting what a child says: into the log, the phases, the result."""

from bisect import bisect_right
from dataclasses import dataclass, field, replace

from workers.agent.findings import Phases
from workers.agent.log_stream import LogStream
from workers.builders import events


@dataclass(slots=True)
class Hearer:
    """Hears a child line by line, and knows where in the log each line went that the child has spoken."""

    stream: LogStream
    phases: Phases
    result: events.Result | None = None
    _spoken: int = 0
    _shifts: list[tuple[int, int]] = field(default_factory=list)
    """From which spoken line on (the first is 1) the log counts by how many more."""

    def hear(self, line: str) -> None:
        """Take in one line of the child's output."""
        match events.parse(line):
            case events.Line() as said:
                self._log(said)
            case events.PhaseStart(name):
                self.phases.enter(name)
            case events.Result() as result:
                self.result = result

    def placed_result(self) -> events.Result | None:
        """The child's result, in which lines are counted as the log counts them; None while there is none."""
        if self.result is None:
            return None
        tests = tuple(replace(test, line=self.place(test.line)) for test in self.result.tests)
        return replace(self.result, tests=tests)

    def place(self, spoken: int) -> int:
        """The line of the log that is the child's ``spoken``-th; 0 for none."""
        at = bisect_right(self._shifts, spoken, key=lambda shift: shift[0]) - 1
        return spoken + self._shifts[at][1] if 0 < spoken <= self._spoken and at >= 0 else 0

    def _log(self, said: events.Line) -> None:
        if said.spoken:
            shift = self.stream.lines - self._spoken
            if not self._shifts or self._shifts[-1][1] != shift:
                self._shifts.append((self._spoken + 1, shift))
            self._spoken += said.lines
        self.stream.write(said.text)
