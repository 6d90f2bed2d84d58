"""Histories of the farm under faults: whatever goes wrong, what it promises holds."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.simulate import engines, stage
from tests.simulate.every_point import points_of
from tests.simulate.faults import Single
from tests.simulate.history import Asked, run
from tests.simulate.mutants import MUTANTS, find
from tests.simulate.telling import tell

BLOCKS, BLOCK = 40, 5
POINTS_OF = 6
"""A short history."""


@pytest.fixture(scope="module", autouse=True)
def _clean() -> Iterator[None]:
    yield
    engines.drop()
    stage.clean()


def holds(asked: Asked) -> None:
    ran = run(asked)
    assert not ran.broken, tell(asked, run(replace(asked, telling=True)))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_what_the_farm_promises_holds_in_every_history(block: int) -> None:
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        holds(Asked(seed))


@pytest.mark.skipif(not engines.has_postgres(), reason="no Postgres: start a local server")
def test_it_holds_on_postgres_too() -> None:
    for seed in range(1000, 1003):
        holds(Asked(seed, postgres=True))


def test_a_controller_may_die_or_be_lied_to_at_any_point() -> None:
    """Every 40th point of a quiet history; all of them: ``python -m tests.simulate.every_point``."""
    for number in range(1, points_of(POINTS_OF), 40):
        for mode in ("controller killed", "commit answered by an error", "store answered by an error"):
            holds(Asked(POINTS_OF, single=Single(number, mode)))


def test_a_seed_is_one_history() -> None:
    first, second = run(Asked(5)), run(Asked(5))
    assert first.trace.lines == second.trace.lines


@pytest.mark.parametrize(
    "mutant",
    ["a running job is granted again", "published before it is tested", "a leader writes whatever became of its epoch"],
)
def test_a_farm_that_is_broken_on_purpose_is_found(mutant: str) -> None:
    assert mutant in MUTANTS
    assert find(mutant, 10) is not None
