"""The doing-nothing alarm names the first condition that fails, and never a farm that works."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.idling import IdleCause
from controller.planning.idling import FarmFacts, PoolFacts, idle_cause

PATIENCE = 600.0
STUCK = PoolFacts(ready=3, oldest_seconds=900.0, idle=2)
SOUND = FarmFacts()


@pytest.mark.parametrize(
    ("pool", "farm", "cause"),
    [
        (STUCK, replace(SOUND, leads=False), IdleCause.NO_LEADER),
        (STUCK, replace(SOUND, ticked_seconds=700), IdleCause.STILL),
        (replace(STUCK, idle=0), SOUND, IdleCause.NO_WORKER),
        (replace(STUCK, idle=0, lost=2), SOUND, IdleCause.LOST),
        (replace(STUCK, idle=0, lost=1, draining=1), SOUND, IdleCause.DRAINING),
        (replace(STUCK, fits=False), replace(SOUND, broker=False), IdleCause.UNFIT),
        (STUCK, replace(SOUND, broker=False), IdleCause.BROKER),
        (STUCK, replace(SOUND, skew_seconds=-60), IdleCause.CLOCKS),
        (STUCK, SOUND, IdleCause.NOT_TAKEN),
    ],
)
def test_each_condition_has_its_name(pool: PoolFacts, farm: FarmFacts, cause: IdleCause) -> None:
    assert idle_cause(pool, farm, PATIENCE) is cause


@pytest.mark.parametrize(
    "pool",
    [
        replace(STUCK, ready=0), replace(STUCK, oldest_seconds=599.0), replace(STUCK, claimed=True),
        replace(STUCK, idle=0, busy=2), replace(STUCK, idle=0, busy=1, lost=5),
    ],
)  # fmt: skip
def test_a_pool_that_works_or_has_nothing_to_do_is_not_told(pool: PoolFacts) -> None:
    assert idle_cause(pool, replace(SOUND, leads=False, broker=False), PATIENCE) is None


numbers = st.integers(0, 3)
pools = st.builds(PoolFacts, numbers, st.floats(0, 2000), st.booleans(), *[numbers] * 4, st.booleans())
farms = st.builds(FarmFacts, st.booleans(), st.floats(0, 2000), st.booleans(), st.floats(-100, 100))
ORDER = list(IdleCause)


@given(pools, farms)
def test_a_sounder_farm_is_told_a_later_condition_or_none(pool: PoolFacts, farm: FarmFacts) -> None:
    before, after = idle_cause(pool, farm, PATIENCE), idle_cause(pool, SOUND, PATIENCE)
    assert (before is None) == (after is None)
    if before and after:
        assert ORDER.index(before) <= ORDER.index(after)


@given(pools, farms)
def test_a_claim_ends_it(pool: PoolFacts, farm: FarmFacts) -> None:
    assert idle_cause(replace(pool, claimed=True), farm, PATIENCE) is None
