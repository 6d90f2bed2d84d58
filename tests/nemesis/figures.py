"""What was done, and what it cost."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from sqlmodel import select

from controller.domain.jobs import AttemptState
from controller.services.farm import Farm
from controller.storage.batches import BatchRow
from controller.storage.jobs import AttemptRow, JobRow
from tests.nemesis.schedule import Fault

Done = Sequence[tuple[Fault, float, float]]


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, and ``passed``: the instants at which attempts passed, in order."""

    batches: Counter[str]
    jobs: Counter[str]
    attempts: Counter[str]
    passed: tuple[float, ...]


def figures_of(farm: Farm) -> Figures:
    with farm.reading() as session:
        tries = session.exec(select(AttemptRow.state, AttemptRow.ended_at)).all()
        good = sorted(at.timestamp() for state, at in tries if state == AttemptState.PASSED.value and at)
        return Figures(
            Counter(session.exec(select(BatchRow.state)).all()), Counter(session.exec(select(JobRow.state)).all()),
            Counter(state for state, _ in tries), tuple(good),
        )  # fmt: skip


def table(done: Done, figures: Figures) -> Iterator[str]:
    """Lines: counts, then each kind of fault with how often, and how long until the next attempt passed."""
    for what, counted in (("batches", figures.batches), ("jobs", figures.jobs), ("attempts", figures.attempts)):
        parts = ", ".join(f"{number} {state}" for state, number in counted.most_common())
        yield f"{counted.total():5} {what}: {parts}"
    yield "times  fault                             seconds from its end to the next passed attempt: median, longest"
    kinds = sorted({(fault.kind, fault.manner) for fault, _, _ in done})
    for kind, manner in kinds:
        ends = [until for fault, _, until in done if (fault.kind, fault.manner) == (kind, manner)]
        waits = [wait for end in ends if (wait := _next(figures.passed, end)) is not None]
        said = f"{median(waits):6.1f} {max(waits):6.1f}" if waits else "     -      -"
        name = f"{kind} ({manner})" if manner else str(kind)
        yield f"{len(ends):5}  {name:<40} {said}"


def _next(instants: Sequence[float], after: float) -> float | None:
    return next((at - after for at in instants if at >= after), None)
