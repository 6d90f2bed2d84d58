"""What came of an attempt, and how long its stretches took."""

from collections.abc import Callable
from dataclasses import dataclass, field

from workers.agent.heart import Heart
from workers.agent.log_stream import LogStream
from workers.contract.reports import Outcome, Phase, ProducedFile, TestOutcome


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of an attempt, before it is dressed as a report."""

    outcome: Outcome
    phase: str
    message: str = ""
    files: tuple[ProducedFile, ...] = ()
    tests: tuple[TestOutcome, ...] = ()

    @property
    def sentence(self) -> str:
        """The outcome and its message in one line."""
        return f"{self.outcome.value}: {self.message}" if self.message else self.outcome.value


@dataclass(slots=True)
class Phases:
    """The stretches of an attempt: each is marked in the log, told by the heart, and timed."""

    stream: LogStream
    heart: Heart
    clock: Callable[[], float]
    now: str = ""
    peak_bytes: int = 0
    """The most memory that any child was seen to hold."""
    _since: float = 0.0
    _seconds: dict[str, float] = field(default_factory=dict)

    def enter(self, name: str) -> None:
        """Leave the phase that goes on for ``name``; a phase may be entered again later."""
        if name == self.now:
            return
        self._leave()
        self.now = name
        self.stream.mark(name)
        self.heart.phase(name)

    def spent(self) -> tuple[Phase, ...]:
        """Each phase with the seconds spent in it so far, in the order of first entry."""
        self._leave()
        return tuple(Phase(name=name, seconds=round(seconds, 3)) for name, seconds in self._seconds.items())

    def _leave(self) -> None:
        now = self.clock()
        if self.now:
            self._seconds[self.now] = self._seconds.get(self.now, 0.0) + now - self._since
        self._since = now
