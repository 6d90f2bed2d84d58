"""How long a plan will take: the queue is run in thought, with short, expected and long durations, and mixed ones.

Lower: every job takes what one in ten of its kind of try takes less than; middle: each its mean; upper: what nine in
ten stay within. Then some runs more in which each job has a length of its own: where many jobs of uncertain length
stand side by side the last of them ends later than their means say, and the middle and the range are widened to what
these runs show. All jobs short, or all long, at once is rarer than one in ten where their times are known, so the range
is wide for large plans; where they are guessed the guess is wrong for all of them alike, and then it is not. The lots
are always the same: the same question has the same answer.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from controller.domain.forecasts import Competing, Forecast, Span, Step
from controller.domain.jobs import JobKind
from controller.domain.plans import PlannedJob
from controller.planning.durations import LOTS, NO_HISTORY, Duration, History, deviations, lots, normal_share
from controller.planning.priority import priorities
from controller.planning.queueing import Crews, Place, Queue

LOWER, UPPER = 0.1, 0.9
"""The quantiles of each job's duration that the range is made of."""
_MIXED_RUNS, _FEWEST_RUNS, _MIXED_JOBS = 31, 5, 10_000
"""At most so many mixed runs, or none where they were fewer, of so many jobs in all: sums decide large plans."""


class Task(NamedTuple):
    """An open job as a forecast sees it. ``elapsed`` is None until it runs."""

    key: str
    kind: JobKind
    name: str
    subdir: str
    pool: str
    duration: Duration
    parents: frozenset[str] = frozenset()
    rank: float = 0.0
    """Smaller goes first, as in the queue of a farm."""
    elapsed: float | None = None


class Other(NamedTuple):
    """An open job of another batch that could start at once; or ``jobs`` of them, one after the other.

    ``seconds`` is what each still takes.
    """

    batch: str
    pool: str
    rank: float
    seconds: float
    jobs: int = 1
    elapsed: bool = False
    """Under way."""


def tasks_of(jobs: Sequence[PlannedJob], history: History = NO_HISTORY) -> list[Task]:
    """A plan's jobs, ranked as a farm ranks them."""
    known = [history.expected(job.kind, job.recipe, job.name, job.subdir) for job in jobs]
    seconds = {job.key: duration.mean for job, duration in zip(jobs, known, strict=True)}
    order = priorities(jobs, seconds)
    return [
        Task(job.key, job.kind, job.name, job.subdir, job.pool, duration, job.parents, -order[job.key])
        for job, duration in zip(jobs, known, strict=True)
    ]


def forecast(tasks: Sequence[Task], crews: Crews, others: Sequence[Other] = ()) -> Forecast:
    """What these jobs come to, beside ``others``, on these workers; one is assumed for a pool that nobody serves."""
    if not tasks:
        return Forecast()
    pools = {task.pool for task in tasks}
    rivals = [other for other in others if other.pool in pools]
    known, assumed = _served(crews, pools)
    queue = Queue.of([*map(_place, tasks), *(_rival(n, other) for n, other in enumerate(rivals))])
    entries = _by_place(queue, tasks, rivals)
    runs = _Runs(queue, entries, known, [n for n, entry in enumerate(entries) if isinstance(entry, Task)])
    middle_starts, middle = runs.of(None)
    mixed = runs.mixed()
    chain = runs.chain()
    return Forecast(
        jobs=dict(Counter(task.kind for task in tasks)),
        work=runs.work(),
        critical=chain,
        critical_seconds=math.fsum(step.seconds for step in chain),
        ends=_span(sorted((runs.of(LOWER)[1], middle, runs.of(UPPER)[1])), mixed),
        basis=dict(Counter(task.duration.basis for task in tasks)),
        workers={pool: sum(n for served, n in known.items() if pool in served) for pool in sorted(pools)},
        assumed=assumed,
        competing=_competing(runs.entries, middle_starts),
    )


def _span(ends: Sequence[float], mixed: Sequence[float]) -> Span:
    """The range of three ends in order, widened to what mixed runs show."""
    lower, middle, upper = ends
    if not mixed:
        return Span(lower, middle, upper)
    spread = sorted(mixed)
    late = spread[math.ceil(UPPER * len(spread)) - 1]
    middle = max(middle, math.fsum(mixed) / len(mixed))
    return Span(lower, middle, max(upper, late, middle))


def crews_of(workers: Sequence[Sequence[str]]) -> Crews:
    """Workers, each by the pools that it serves, as crews."""
    return Counter(frozenset(pools) for pools in workers)


def _served(crews: Crews, pools: set[str]) -> tuple[Crews, tuple[str, ...]]:
    known = {served: number for served, number in crews.items() if number > 0}
    missing = pools.difference(*known)
    return known | {frozenset({pool}): 1 for pool in missing}, tuple(sorted(missing))


def _place(task: Task) -> Place:
    return Place(task.key, task.pool, task.rank, task.parents, task.elapsed is not None)


def _rival(number: int, other: Other) -> Place:
    return Place(_rival_key(number), other.pool, other.rank, running=other.elapsed)


def _rival_key(number: int) -> str:
    return f"other:{number}"  # no key of a plan and no id of a job begins so


def _by_place(queue: Queue, tasks: Sequence[Task], others: Sequence[Other]) -> list[Task | Other]:
    known: dict[str, Task | Other] = {task.key: task for task in tasks}
    known |= {_rival_key(number): other for number, other in enumerate(others)}
    return [known[place.key] for place in queue.places]


@dataclass(slots=True)
class _Runs:
    queue: Queue
    entries: Sequence[Task | Other]
    """What stands at each place of the queue."""
    crews: Crews
    own: Sequence[int]
    """Places of tasks."""
    expected: list[float] = field(default_factory=list)

    def of(self, share: float | None) -> tuple[list[float], float]:
        """When each starts, and when the last of the tasks ends."""
        starts, ends = self.queue.run(self._seconds(share), self.crews)
        return starts, max(map(ends.__getitem__, self.own))

    def mixed(self) -> list[float]:
        """Ends of runs in which each task has a length of its own; the fewer tasks, the more runs."""
        times = min(_MIXED_JOBS // len(self.own), _MIXED_RUNS)
        if times < _FEWEST_RUNS or len(self.own) < 2:  # what one job takes is known without
            return []
        return [max(map(self.queue.run(self._drawn(n), self.crews)[1].__getitem__, self.own)) for n in range(times)]

    def chain(self) -> tuple[Step, ...]:
        """The longest chain of tasks; what others do is in nobody's chain."""
        seconds = self._seconds(None)
        heights = self.queue.heights(seconds)
        near = self.own
        steps: list[Step] = []
        while near:
            at = max(near, key=heights.__getitem__)
            task = self.entries[at]
            assert isinstance(task, Task)  # noqa: S101 -- only tasks wait, and only for tasks
            steps.append(Step(task.key, task.kind, task.name, task.subdir, seconds[at]))
            near = self.queue.children[at]
        return tuple(steps)

    def work(self) -> dict[str, float]:
        """Expected worker-seconds of the tasks by subdir."""
        found: dict[str, float] = {}
        for entry, seconds in zip(self.entries, self._seconds(None), strict=True):
            if isinstance(entry, Task):
                found[entry.subdir] = found.get(entry.subdir, 0.0) + seconds
        return dict(sorted(found.items()))

    def _seconds(self, share: float | None) -> list[float]:
        if share is not None:
            return self._quantiles(share)
        if not self.expected:
            self.expected = [_seconds(entry, None) for entry in self.entries]
        return self.expected

    def _drawn(self, run: int) -> list[float]:
        drawn = lots()
        found = list(self._seconds(None))
        for number in self.own:
            task = self.entries[number]
            if isinstance(task, Task):
                away = drawn[(number * _MIXED_RUNS + run) % LOTS]
                median, spread, _ = task.duration
                began = task.elapsed is not None
                found[number] = _seconds(task, normal_share(away)) if began else median * math.exp(spread * away)
        return found

    def _quantiles(self, share: float) -> list[float]:
        away = deviations(share)
        found = list(self._seconds(None))
        for number in self.own:
            task = self.entries[number]
            if isinstance(task, Task):
                median, spread, _ = task.duration
                began = task.elapsed is not None
                found[number] = _seconds(task, share) if began else median * math.exp(spread * away)
        return found


def _seconds(entry: Task | Other, share: float | None) -> float:
    """What it still takes from now: that quantile of it, or its mean."""
    if isinstance(entry, Other):
        return entry.jobs * entry.seconds
    if entry.elapsed is not None:
        return entry.duration.left(entry.elapsed, share)
    return entry.duration.mean if share is None else entry.duration.quantile(share)


def _competing(entries: Sequence[Task | Other], starts: Sequence[float]) -> tuple[Competing, ...]:
    """By batch. What starts before the last of the forecast's own jobs goes before it."""
    last = max(start for entry, start in zip(entries, starts, strict=True) if isinstance(entry, Task))
    found: dict[str, Competing] = {}
    for entry, start in zip(entries, starts, strict=True):
        if isinstance(entry, Other):
            known = found.get(entry.batch, Competing(entry.batch, 0, 0, 0.0))
            before = entry.jobs if entry.elapsed or start < last else 0
            found[entry.batch] = Competing(
                entry.batch, known.jobs + entry.jobs, known.before + before,
                known.seconds + entry.jobs * entry.seconds,
            )  # fmt: skip
    return tuple(sorted(found.values(), key=lambda rival: (-rival.before, rival.batch)))
