"""A duration rests on the nearest past there is, says which, and is spread as that past was."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.forecasts import Basis
from controller.domain.jobs import JobKind
from controller.planning.durations import NO_HISTORY, Duration, History, Measured

BUILD = JobKind.BUILD
durations = st.builds(
    Duration, st.floats(0.05, 1e5), st.floats(0.0, 1.5), st.just(Basis.OWN)
)  # fmt: skip


def test_a_job_goes_by_its_own_past_first() -> None:
    history = History({("build", "libs/a", "a", "linux-64"): Measured(40, math.log(120), 0.01)})
    found = history.expected(BUILD, "libs/a", "a", "linux-64")
    assert (found.basis, round(found.median)) == (Basis.OWN, 120)
    assert found.spread == pytest.approx(0.11, abs=0.02)


def test_few_measurements_are_not_trusted_to_be_as_steady_as_they_look() -> None:
    once = History({("build", "a", "a", "linux-64"): Measured(1, math.log(120))})
    often = History({("build", "a", "a", "linux-64"): Measured(50, math.log(120))})
    spreads = [history.expected(BUILD, "a", "a", "linux-64").spread for history in (once, often)]
    assert spreads[0] > 2 * spreads[1]


def test_without_a_past_of_its_own_it_goes_by_its_recipes_on_other_subdirs() -> None:
    past = {
        ("build", "a", "a", "win-64"): Measured(3, math.log(100)),
        ("build", "a", "a", "osx-64"): Measured(3, math.log(400)),
    }
    found = History(past).expected(BUILD, "a", "a", "linux-64")
    assert (found.basis, round(found.median)) == (Basis.RECIPE, 200)


def test_another_kind_of_job_tells_nothing_of_its_recipe() -> None:
    history = History({("test", "a", "a", "linux-64"): Measured(3, 1.0)}, {"build": Measured(9, math.log(77), 4.0)})
    found = history.expected(BUILD, "a", "a", "linux-64")
    assert (found.basis, round(found.median)) == (Basis.KIND, 77)


def test_a_retest_goes_by_the_tests_of_the_package() -> None:
    history = History({("test", "a", "a", "linux-64"): Measured(3, math.log(40))})
    found = history.expected(JobKind.RETEST, "a", "a", "linux-64")
    assert (found.basis, round(found.median)) == (Basis.OWN, 40)


def test_where_nothing_was_measured_it_is_a_guess_and_a_wide_one() -> None:
    found = NO_HISTORY.expected(BUILD, "a", "a", "linux-64")
    assert found.basis is Basis.NOTHING
    assert found.quantile(0.9) > 10 * found.quantile(0.1)


def test_a_recipe_has_one_past_whichever_tree_it_is_seen_from() -> None:
    history = History({("build", "libs/a", "a", "linux-64"): Measured(3, math.log(100))})
    assert history.expected(BUILD, "other-tree:libs/a", "a", "linux-64").basis is Basis.OWN


@given(durations, st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_more_of_all_tries_stay_within_a_longer_time(duration: Duration, one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert duration.quantile(low) <= duration.quantile(high) * (1 + 1e-9)


@given(durations, st.floats(0.0, 1e6))
def test_what_is_left_is_never_less_than_nothing_and_grows_with_the_share(duration: Duration, elapsed: float) -> None:
    shares = [duration.left(elapsed, share) for share in (0.1, 0.5, 0.9)]
    assert 0.0 <= shares[0] <= shares[1] * (1 + 1e-6) + 1e-6 <= shares[2] * (1 + 2e-6) + 2e-6
    assert duration.left(elapsed) >= 0.0


def test_a_job_that_has_just_begun_still_takes_all_of_its_time() -> None:
    duration = Duration(100.0, 0.3, Basis.OWN)
    assert duration.left(0.0) == pytest.approx(duration.mean)
    assert duration.left(50.0) == pytest.approx(duration.mean - 50.0, rel=0.05)


def test_a_job_far_over_its_time_is_not_thought_to_end_at_once() -> None:
    duration = Duration(100.0, 0.3, Basis.OWN)
    assert duration.left(1000.0) > 10.0
    assert duration.left(1e6) == pytest.approx(1e6)
