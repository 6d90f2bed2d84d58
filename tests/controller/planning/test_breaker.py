"""What is too large, or far larger than usual, waits for a person."""

from controller.domain.forecasts import Holding
from controller.planning.breaker import holding

USUAL = [20, 30, 25, 40, 22, 31, 28, 26, 24, 3000]


def test_more_than_the_limit_waits_whatever_is_usual() -> None:
    assert holding(2001, 2000, 10.0, [5000] * 20) == Holding(2001, 2000)


def test_far_more_than_nine_in_ten_of_the_last_batches_had_waits() -> None:
    assert holding(401, 2000, 10.0, USUAL) == Holding(401, 400, 40, 10)


def test_up_to_so_many_times_the_usual_goes() -> None:
    assert holding(400, 2000, 10.0, USUAL) is None


def test_one_large_batch_before_does_not_make_large_ones_usual() -> None:
    assert holding(2500, 10_000, 10.0, USUAL) == Holding(2500, 400, 40, 10)


def test_a_tree_with_few_batches_has_nothing_that_is_usual() -> None:
    assert holding(1999, 2000, 10.0, [1, 2, 1, 2]) is None


def test_what_is_small_goes_however_small_the_others_were() -> None:
    assert holding(100, 2000, 10.0, [1] * 20) is None
    assert holding(101, 2000, 10.0, [1] * 20) == Holding(101, 100, 1, 20)


def test_without_a_factor_only_the_limit_counts() -> None:
    assert holding(1999, 2000, 0.0, [1] * 20) is None
