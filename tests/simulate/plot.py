"""What a seed decides before anything happens: who is there, what is pushed, which recipes are rotten."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from workers.contract.reports import Outcome

NAMES = ("lib", "mid", "leaf", "app", "twin")


@dataclass(frozen=True)
class Plot:
    """The cast and the script."""

    stage: int
    controllers: int
    workers: int
    pace: float
    """How long everything takes; 1 is about half a minute a job."""
    pushes: tuple[tuple[float, int], ...]
    """When, and which commit of the stage."""
    acts: int
    """What persons do beside pushing: cancel, retry, promote, restore."""
    rate: float
    builds: Mapping[str, Outcome]
    tests: Mapping[str, Outcome]
    flaky: frozenset[str]
    poison: frozenset[str]
    same: frozenset[str]
    exports: Mapping[str, dict[str, list[str]]]
    baseline_days: float = 7.0
    before: Mapping[str, Outcome] = field(default_factory=dict)
    """What tests come to without the change, where a control asks."""
    postgres: bool = False


def draw_plot(rng: Random, stages: int) -> Plot:
    """One cast and script."""
    builds = dict[str, Outcome]()
    if rng.random() < 0.2:
        builds[rng.choice(NAMES)] = rng.choice([Outcome.FAILED, Outcome.UNSOLVABLE, Outcome.TIMEOUT])
    tests = dict[str, Outcome]()
    if rng.random() < 0.3:
        tests[rng.choice(NAMES)] = rng.choice([Outcome.FAILED, Outcome.NO_TESTS, Outcome.UNSOLVABLE])
    times = sorted(rng.uniform(0, 300) if rng.random() < 0.5 else 0.0 for _ in range(rng.choice([1, 1, 2, 2, 3])))
    baseline_days, before = _draw_controls(Random(repr((builds, tests, times))), tests)
    return Plot(
        stage=rng.randrange(stages), controllers=rng.choice([1, 1, 2]), workers=rng.choice([1, 2, 3, 4]),
        pace=rng.choice([0.3, 1.0, 3.0]), pushes=tuple((at, rng.randrange(6)) for at in times),
        acts=rng.choice([0, 1, 2, 4]), rate=rng.choice([0.5, 1.0, 1.0, 2.0]), builds=builds, tests=tests,
        flaky=_some(rng, 0.2), poison=_some(rng, 0.1), same=_some(rng, 0.5),
        exports={"lib": {"weak": ["lib >=1.1,<2"]}} if rng.random() < 0.25 else {},
        baseline_days=baseline_days, before=before,
    )  # fmt: skip


def _draw_controls(rng: Random, tests: dict[str, Outcome]) -> tuple[float, dict[str, Outcome]]:
    """Drawn apart, so that what else a seed stands for is the same with and without. More tests fail with them."""
    if rng.random() < 0.5:
        return 7.0, {}
    bad = [Outcome.FAILED, Outcome.UNSOLVABLE, Outcome.TIMEOUT]
    tests.setdefault(rng.choice(NAMES), rng.choice(bad))
    before = {name: rng.choice([outcome, outcome, Outcome.PASSED, rng.choice(bad)]) for name, outcome in tests.items()}
    return 0.0, before


def _some(rng: Random, chance: float) -> frozenset[str]:
    return frozenset([rng.choice(NAMES)] if rng.random() < chance else [])
