"""Regression or not: only what fails now as it failed before is excused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.baseline_words import comparison_sentence
from controller.domain.baselines import EXCUSING, Likeness, Part, Run
from controller.planning.baselines import compare, is_believed
from workers.contract.reports import Outcome

OLD, NEW = "linux-64/lib-1.0-0.conda", "linux-64/lib-2.0-0.conda"
NOW = datetime(2026, 1, 8, tzinfo=UTC)


def run(
    *failing: Part, outcome: Outcome = Outcome.FAILED, lines: tuple[str, ...] = (), file: str = OLD, job: str = "J-7"
) -> Run:
    return Run(file, outcome, failing, lines, job)


def part(*cases: str, index: int = 0, kind: str = "commands", outcome: Outcome = Outcome.FAILED) -> Part:
    return Part(index, kind, outcome, cases)


def test_what_passed_before_is_a_regression() -> None:
    found = compare(run(part("a")), run(outcome=Outcome.PASSED))
    assert (found.likeness, found.excuses) == (Likeness.PASSED_BEFORE, False)


def test_no_tests_before_is_no_excuse_for_tests_that_fail() -> None:
    assert not compare(run(part("a")), run(outcome=Outcome.NO_TESTS)).excuses


def test_the_same_cases_failed_before() -> None:
    assert compare(run(part("a", "b")), run(part("b", "a", "c"))).likeness is Likeness.AS_BEFORE


def test_a_case_that_fails_only_now_is_a_regression_and_is_named() -> None:
    found = compare(run(part("a", "b")), run(part("a")))
    assert (found.likeness, found.news) == (Likeness.OTHERWISE_BEFORE, ("b",))
    assert comparison_sentence(found).endswith("(J-7, lib-1.0-0.conda). Only now: b.")


def test_cases_decide_whatever_the_lines_say() -> None:
    assert compare(run(part("a"), lines=("x",)), run(part("a"), lines=("y",))).excuses


def test_without_cases_the_failing_lines_must_have_been_there_before() -> None:
    assert compare(run(part(), lines=("x",)), run(part(), lines=("x", "y"))).excuses
    assert not compare(run(part(), lines=("x", "z")), run(part(), lines=("x", "y"))).excuses


def test_another_test_of_the_same_file_that_failed_before_is_no_excuse() -> None:
    assert not compare(run(part(index=1), lines=("x",)), run(part(index=0), lines=("x",))).excuses


def test_another_version_may_carry_its_tests_in_another_order() -> None:
    now = run(part("a", index=1), file=NEW)
    assert compare(now, run(part("a", index=0))).excuses
    assert not compare(now, run(part("a", index=0, kind="python"))).excuses


def test_what_could_not_be_installed_before_hurts_nobody() -> None:
    before = run(outcome=Outcome.UNSOLVABLE)
    assert compare(run(outcome=Outcome.UNSOLVABLE), before).likeness is Likeness.AS_BEFORE
    assert compare(run(part("a")), before).likeness is Likeness.NOT_INSTALLED_BEFORE


def test_what_could_be_installed_before_and_cannot_now_is_a_regression() -> None:
    assert compare(run(outcome=Outcome.UNSOLVABLE), run(part("a"))).likeness is Likeness.INSTALLED_BEFORE


def test_failing_now_for_want_of_time_is_not_failing_as_before() -> None:
    assert not compare(run(outcome=Outcome.TIMEOUT), run(part("a"))).excuses
    assert compare(run(outcome=Outcome.TIMEOUT), run(outcome=Outcome.TIMEOUT)).excuses


def test_a_control_without_an_answer_excuses_nothing() -> None:
    assert compare(run(part("a")), run(outcome=Outcome.INFRASTRUCTURE)).likeness is Likeness.UNKNOWN_BEFORE


_CASES = st.lists(st.sampled_from("abcd"), max_size=3, unique=True).map(tuple)
_PARTS = st.lists(
    st.builds(Part, st.integers(0, 2), st.sampled_from(["python", "commands"]), st.just(Outcome.FAILED), _CASES),
    max_size=3, unique_by=lambda part: part.index,
).map(tuple)  # fmt: skip
_BAD = st.sampled_from([o for o in Outcome if o not in (Outcome.PASSED, Outcome.NO_TESTS, Outcome.INFRASTRUCTURE)])
_RUNS = st.builds(Run, st.just(OLD), _BAD, _PARTS, st.lists(st.sampled_from("xyz"), max_size=3).map(tuple))


@given(_RUNS)
def test_what_fails_exactly_as_it_did_is_always_excused(same: Run) -> None:
    assert compare(same, same).excuses


@given(_RUNS, _RUNS, _CASES)
def test_failing_in_more_is_never_excused_where_less_was_not(now: Run, before: Run, more: tuple[str, ...]) -> None:
    worse = Run(now.file, now.outcome, tuple(
        Part(p.index, p.kind, p.outcome, tuple(dict.fromkeys((*p.cases, *more))) if p.cases else ()) for p in now.parts
    ), now.signatures)  # fmt: skip
    if compare(worse, before).excuses:
        assert compare(now, before).excuses


@given(_RUNS, st.sampled_from([Outcome.PASSED, Outcome.NO_TESTS, Outcome.INFRASTRUCTURE]), _PARTS)
def test_neither_a_pass_nor_an_unknown_ever_excuses(now: Run, outcome: Outcome, parts: tuple[Part, ...]) -> None:
    assert compare(now, Run(OLD, outcome, parts)).likeness not in EXCUSING


@pytest.mark.parametrize(
    ("outcome", "days", "snapshot", "believed"),
    [
        (Outcome.PASSED, 6, 3, True), (Outcome.PASSED, 8, 4, False), (Outcome.FAILED, 1, 4, True),
        (Outcome.FAILED, 1, 3, False), (Outcome.INFRASTRUCTURE, 0, 4, False),
    ],
)  # fmt: skip
def test_a_pass_is_believed_for_days_and_a_failure_on_its_snapshot(
    outcome: Outcome, days: int, snapshot: int, believed: bool
) -> None:
    assert is_believed(outcome, NOW - timedelta(days=days), snapshot, NOW, 4, 7.0) is believed


@pytest.mark.parametrize("likeness", Likeness)
def test_every_likeness_has_a_sentence(likeness: Likeness) -> None:
    found = compare(run(part("a")), run(part("a")))
    said = comparison_sentence(type(found)(likeness, "J-7", OLD))
    assert said.endswith(".")
    assert ("No regression" in said) is (likeness in EXCUSING)
