"""Histories of cases on both databases: counts, bits, and runs that end at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.planning.history import marked
from controller.storage import cases, flakes, quarantine, schema
from controller.storage.cases import CaseRow
from controller.storage.database import Database
from controller.storage.flakes import FlakeRow
from controller.storage.quarantine import QuarantineRow
from tests.kit.rows import NOW

OF = ("r", "n", "linux-64")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    schema.upgrade(database)
    yield database
    database.close()


def run(database: Database, failed: list[str], came: list[str], at: datetime = NOW) -> int:
    """One run of the test, in one transaction."""
    with database.writing() as session:
        number = flakes.count(session, FlakeRow(recipe="r", name="n", subdir="linux-64", runs=1, flakes=0))
        cases.count(session, [_row(name, number, at, failed=name in failed) for name in sorted({*failed, *came})])
        return number


def _row(name: str, number: int, at: datetime, *, failed: bool) -> CaseRow:
    return CaseRow(
        recipe="r", name="n", subdir="linux-64", case_name=name, failures=int(failed), flakes=int(not failed),
        recent_failures=int(failed), recent_flakes=int(not failed), run=number, line=f"in {number}", place="f:1",
        job=f"J-{number}", first_at=at, last_at=at,
    )  # fmt: skip


def known(database: Database, *names: str) -> dict[str, CaseRow]:
    with database.reading() as session:
        return cases.of_test(session, *OF, names)


def test_a_case_is_counted_with_its_first_and_last_time_and_its_last_line(database: Database) -> None:
    run(database, ["a"], [])
    run(database, [], [])
    run(database, ["a"], ["b"], NOW + timedelta(hours=1))
    found = known(database, "a", "b", "c")
    assert set(found) == {"a", "b"}
    a, b = found["a"], found["b"]
    assert (a.failures, a.flakes, a.run, a.line, a.job) == (2, 0, 3, "in 3", "J-3")
    assert (a.first_at, a.last_at) == (NOW, NOW + timedelta(hours=1))
    assert (b.failures, b.flakes) == (0, 1)
    assert marked(a.recent_failures, 0, 3) == 2
    assert marked(a.recent_failures, 0, 2) == 1


steps = st.lists(st.sampled_from(["fail", "flake", *["pass"] * 3]), min_size=1, max_size=90)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.integers(1, 60))
def test_the_database_and_the_list_of_runs_agree(database: Database, happened: list[str], within: int) -> None:
    with database.writing() as session:
        for table in (CaseRow, FlakeRow):
            session.execute(table.__table__.delete())  # type: ignore[attr-defined]
    for step in happened:
        run(database, ["a"] if step == "fail" else [], ["a"] if step == "flake" else [])
    row = known(database, "a").get("a")
    for bits, step in (("recent_failures", "fail"), ("recent_flakes", "flake")):
        found = marked(getattr(row, bits), len(happened) - row.run, within) if row else 0
        assert found == happened[-within:].count(step)


def test_runs_that_end_at_once_all_count(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda each: run(database, ["a", f"own {each}"], ["b"]), range(16)))
    assert sorted(numbers) == list(range(1, 17))
    found = known(database, "a", "b")
    assert (found["a"].failures, found["b"].flakes) == (16, 16)
    assert marked(found["a"].recent_failures, 0, 40) == 16
    assert found["a"].run == 16


def test_a_hundred_cases_are_one_statement(database: Database) -> None:
    run(database, [f"case {number}" for number in range(100)], [])
    run(database, [f"case {number}" for number in range(100)], [])
    found = known(database, *(f"case {number}" for number in range(100)))
    assert {row.failures for row in found.values()} == {2}


def test_what_nobody_saw_fail_for_long_is_forgotten(database: Database) -> None:
    run(database, ["old"], [])
    run(database, ["new"], [], NOW + timedelta(days=300))
    with database.writing() as session:
        cases.forget_old(session, *OF, NOW + timedelta(days=100))
    assert set(known(database, "old", "new")) == {"new"}


def entry(case: str = "", **values: object) -> QuarantineRow:
    fields = {"name": "n", "author": "farm", "since": NOW, "until": NOW + timedelta(days=1)} | values
    return QuarantineRow(case_name=case, **fields)


def test_of_two_that_quarantine_the_same_at_once_one_does(database: Database) -> None:
    def begin(_: int) -> bool:
        with database.writing() as session:
            return quarantine.begin(session, entry("a", subdir="linux-64"))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(begin, range(4))) == [False, False, False, True]


def test_an_entry_holds_for_its_subdir_and_until_its_end(database: Database) -> None:
    with database.writing() as session:
        for row in (entry("a", subdir="linux-64"), entry("b"), entry("c", subdir="win-64"), entry("d", until=NOW)):
            assert quarantine.begin(session, row)
        found = quarantine.of_test(session, "n", "linux-64", NOW)
        assert [row.case_name for row in found] == ["a", "b"]
        assert quarantine.end(session, found[0].id or 0, NOW, "eva")
        assert not quarantine.end(session, found[0].id or 0, NOW, "eva")
        assert [row.case_name for row in quarantine.of_test(session, "n", "linux-64", NOW)] == ["b"]
        assert quarantine.begin(session, entry("a", subdir="linux-64"))


def test_clean_runs_are_counted_and_a_failure_counts_afresh(database: Database) -> None:
    with database.writing() as session:
        quarantine.begin(session, entry("a"))
        number = quarantine.open_entries(session)[0].id or 0

    def clean(_: int) -> dict[int, int]:
        with database.writing() as session:
            return quarantine.count_runs(session, [number], [])

    with ThreadPoolExecutor(4) as pool:
        assert sorted(found[number] for found in pool.map(clean, range(6))) == [1, 2, 3, 4, 5, 6]
    with database.writing() as session:
        assert quarantine.count_runs(session, [], [number]) == {number: 0}
