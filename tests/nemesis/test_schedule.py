"""What the seed draws."""

from itertools import pairwise

import pytest

from tests.nemesis.schedule import Kind, draw

TARGETS = {
    Kind.WORKER_KILLED: ("w1", "w2"), Kind.WORKER_STOPPED: ("w1", "w2"), Kind.BROKER_WIPED: ("broker",),
    Kind.BROKER_KILLED: ("broker",), Kind.NETWORK_CUT: ("w1", "w2"),
}  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_each_kind_comes_no_target_has_two_faults_at_once_and_all_end_in_time(seed: int) -> None:
    faults = draw(seed, 180.0, TARGETS)
    assert {fault.kind for fault in faults} == set(TARGETS)
    assert all(fault.end <= 180.0 for fault in faults)
    for target in {fault.target for fault in faults}:
        of_one = [fault for fault in faults if fault.target == target]
        assert all(one.end <= after.at for one, after in pairwise(of_one))


def test_one_seed_draws_the_same_each_time_and_another_draws_otherwise() -> None:
    assert draw(7, 60.0, TARGETS) == draw(7, 60.0, TARGETS)
    assert draw(7, 60.0, TARGETS) != draw(8, 60.0, TARGETS)


def test_where_nothing_can_be_broken_nothing_is() -> None:
    assert draw(7, 60.0, {}) == ()
