"""What excuses a failure, and above all what does not."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.cases import case_name
from controller.domain.expected import Expected, ExpectedKind
from controller.domain.jobs import JobKind
from controller.domain.quarantines import Quarantine
from controller.domain.remarks import Remark, RemarkKind, weightiest
from controller.planning.excusing import Failed, beside, excuses, failed_of, lapsed, now_passing
from workers.contract.reports import Outcome, TestCase, TestOutcome

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CASES = ("a::one", "a::two", "b::one[x-1]", "b::one[y]")


def held(case: str = "") -> Quarantine:
    return Quarantine("lib", "linux-64", case, "eva", "it sleeps", NOW, NOW)


def expected(case: str = "", until: date | None = None) -> Expected:
    return Expected(("lib",), ExpectedKind.TEST, "upstream", until, case=case)


def outcome(*failing: str, failed: int = -1, how: Outcome = Outcome.FAILED) -> TestOutcome:
    cases = tuple(TestCase(name=name, outcome=Outcome.FAILED) for name in failing)
    number = len(cases) if failed < 0 else failed
    return TestOutcome(index=0, kind="python", outcome=how, seconds=1, passed=3, failed=number, failing=cases)


some_cases = st.lists(st.sampled_from(CASES), unique=True, max_size=4)
entries = st.tuples(some_cases, some_cases, st.booleans(), st.booleans())


@given(some_cases, entries)
def test_a_failure_is_excused_only_where_each_case_has_an_excuse_and_each_is_named(
    failing: list[str], known: tuple[list[str], list[str], bool, bool]
) -> None:
    tree, quarantined, whole_tree, whole_held = known
    rules = [*map(expected, tree), *([expected()] if whole_tree else [])]
    held_now = [*map(held, quarantined), *([held()] if whole_held else [])]
    found = excuses([Failed(tuple(failing))], rules, held_now)
    covered = set(failing) <= {*tree, *quarantined} if failing else whole_held
    assert bool(found) == (whole_tree or covered)
    assert {remark.case for remark in found} == (set(failing or [""]) if found else set())


@given(some_cases, some_cases, some_cases, st.sampled_from(CASES))
def test_one_more_entry_never_takes_an_excuse_away(
    failing: list[str], tree: list[str], quarantined: list[str], more: str
) -> None:
    failed, rules, held_now = [Failed(tuple(failing))], [*map(expected, tree)], [*map(held, quarantined)]
    if excuses(failed, rules, held_now):
        assert excuses(failed, rules, [*held_now, held(more)])
        assert excuses(failed, [*rules, expected(more)], held_now)


def test_cases_that_are_not_told_have_no_excuse_but_that_the_whole_is_expected() -> None:
    failed = [Failed(("a::one",), more=True)]
    assert excuses(failed, [], [held("a::one"), held()]) == ()
    assert excuses(failed, [expected("a::one")], []) == ()
    assert {remark.case for remark in excuses(failed, [expected()], [])} == {"a::one", ""}


def test_a_quarantined_test_as_a_whole_does_not_excuse_a_case_that_is_told() -> None:
    assert excuses([Failed(("a::one",))], [], [held()]) == ()
    assert excuses([Failed()], [], [held()]) == (
        Remark(RemarkKind.QUARANTINED, "", "it sleeps", "eva", NOW.date()),
    )  # fmt: skip


def test_the_brackets_of_a_name_mean_themselves_and_a_star_means_all() -> None:
    assert expected("b::one[x-1]").names("b::one[x-1]")
    assert expected("b::*").names("b::one[x-1]")
    assert not expected("b::*").names("a::one")


@pytest.mark.parametrize("how", [Outcome.TIMEOUT, Outcome.UNSOLVABLE, Outcome.NOT_RUNNABLE, Outcome.OVER_LIMIT])
def test_what_did_not_fail_but_ended_badly_is_not_excused(how: Outcome) -> None:
    assert failed_of([outcome("a::one"), outcome(how=how)]) is None


def test_what_failed_is_told_by_its_cases_or_as_a_whole() -> None:
    assert failed_of([]) == (Failed(),)
    good = outcome(how=Outcome.PASSED)
    assert failed_of([good, outcome("a::one"), outcome("a::two", failed=200)]) == (
        Failed(("a::one",)), Failed(("a::two",), more=True),
    )  # fmt: skip


def test_what_is_past_its_day_says_so() -> None:
    over = expected("a::one", date(2026, 11, 22))
    failed = [Failed(("a::one",))]
    assert [remark.kind for remark in lapsed([over, expected()], NOW.date(), failed)] == [RemarkKind.OVER]
    assert lapsed([over], NOW.date(), [Failed(("a::two",))]) == ()
    assert lapsed([expected("", date(2026, 11, 22))], NOW.date(), [Failed()]) != ()
    assert expected("a::one", date(2026, 11, 23)).holds_on(NOW.date())


def test_a_case_passes_now_only_where_it_is_seen_to_have_passed() -> None:
    ran = [
        TestCase(name="a::one", outcome=Outcome.PASSED), TestCase(name="a::two", outcome=Outcome.NOT_RUNNABLE),
        TestCase(name="b::one[y]", outcome=Outcome.FAILED), TestCase(name="b::one[x-1]", outcome=Outcome.PASSED),
    ]  # fmt: skip
    rules = [expected("a::one"), expected("a::two"), expected("b::*"), expected("gone")]
    assert [remark.case for remark in now_passing(rules, ran, passed=False)] == ["a::one"]
    assert now_passing(rules, None, passed=True) == ()
    assert [remark.kind for remark in now_passing([expected()], None, passed=True)] == [RemarkKind.NOW_PASSES]
    assert now_passing([expected()], ran, passed=False) == ()


def test_where_one_case_counts_the_excuses_of_the_others_are_said() -> None:
    failed = [Failed(("a::one", "a::two", "b::one[y]"))]
    said = beside(failed, [expected("a::one")], [held("a::two")])
    assert [(remark.case, remark.kind) for remark in said] == [
        ("a::one", RemarkKind.EXPECTED), ("a::two", RemarkKind.QUARANTINED),
    ]  # fmt: skip
    assert beside([Failed()], [expected()], [held()]) == ()


def test_a_quarantine_weighs_more_than_an_expectation() -> None:
    kinds = [RemarkKind.NOW_PASSES, RemarkKind.EXPECTED, RemarkKind.QUARANTINED]
    assert weightiest([Remark(kind) for kind in kinds]) is RemarkKind.QUARANTINED
    assert weightiest([]) is None


def test_an_expectation_speaks_of_jobs_of_its_kind_where_it_says() -> None:
    entry = Expected(("lib*",), ExpectedKind.TEST, "x", subdirs=("win-64",))
    assert entry.speaks_of("libz", "win-64", JobKind.RETEST)
    assert not entry.speaks_of("libz", "win-64", JobKind.BUILD)
    assert not entry.speaks_of("libz", "linux-64", JobKind.TEST)
    assert not entry.speaks_of("zlib", "win-64", JobKind.TEST)


@given(st.text(max_size=700), st.text(max_size=700))
def test_a_name_is_kept_short_and_two_stay_two(one: str, two: str) -> None:
    assert len(case_name(one)) <= 300
    assert "\0" not in case_name(one)
    if one.replace("\0", "") != two.replace("\0", ""):
        assert case_name(one) != case_name(two)
