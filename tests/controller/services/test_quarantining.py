"""Quarantine: who gets on the list, what it lets through, what it never does, and how one leaves it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from controller.domain.errors import GateRefusedError, InvalidInputError, NotFoundError
from controller.services import invariants, promotion, quarantining
from controller.services.answers.batches import batch_view
from controller.services.answers.jobs import job_view
from controller.services.farm import Farm
from controller.storage import artifacts
from tests.kit.brittle_tree import TEST, BrittleTree, ran
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import write_recipe

FLAKY = (ran("a::x"), ran())
BROKEN = (ran("a::x"), ran("a::x"))
GOOD = (ran(),)


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    farm.rules = replace(farm.rules, quarantine_clean_runs=3)
    yield farm
    found = invariants.find_breaches(farm)
    farm.close()
    assert found == []


@pytest.fixture
def tree(farm: Farm, tmp_path: Path) -> BrittleTree:
    return BrittleTree(farm, tmp_path / "tree")


def held(farm: Farm) -> list[tuple[str, str, str]]:
    return [(entry.name, entry.subdir, entry.case) for entry in quarantining.listed(farm)]


def quarantine(farm: Farm, case: str = "a::x", **said: object) -> None:
    quarantining.add(farm, "one", case, who="eva", why="issue 12", **said)  # type: ignore[arg-type]


def test_a_case_that_comes_and_goes_often_is_quarantined_by_itself_and_told(farm: Farm, tree: BrittleTree) -> None:
    for tries in (GOOD, FLAKY, GOOD, FLAKY):
        tree.push(*tries)
    assert held(farm) == []
    tree.push(*FLAKY)
    assert held(farm) == [("one", "noarch", "a::x")]
    (entry,) = quarantining.listed(farm)
    assert (entry.author, entry.reason) == ("farm", "it came and went 3 times in the last 5 runs")
    assert entry.until == farm.now() + timedelta(days=30)
    assert [fact["case"] for fact in tree.told("flake.quarantined")] == ["a::x"]


def test_what_came_and_went_long_ago_does_not_count(farm: Farm, tree: BrittleTree) -> None:
    farm.rules = replace(farm.rules, flake_runs=4)
    for tries in (FLAKY, FLAKY, GOOD, GOOD, FLAKY):
        tree.push(*tries)
    assert held(farm) == []


def test_a_farm_that_is_told_to_quarantines_nothing_by_itself(farm: Farm, tree: BrittleTree) -> None:
    farm.rules = replace(farm.rules, flake_times=0)
    for _ in range(4):
        tree.push(*FLAKY)
    assert held(farm) == []


def test_a_test_that_tells_no_cases_is_quarantined_as_a_whole(farm: Farm, tree: BrittleTree) -> None:
    for _ in range(3):
        tree.push(None, flaky={TEST})
    assert held(farm) == [("one", "noarch", "")]
    tree.push(None, brittle={TEST})
    assert (tree.job().state, tree.job().remark) == ("passed", "failed_quarantined")


def test_a_quarantined_case_that_fails_alone_too_breaks_nothing_and_is_told_as_it_is(
    farm: Farm, tree: BrittleTree
) -> None:
    tree.push(*GOOD)
    quarantine(farm)
    batch = tree.push(*BROKEN)
    job = tree.job()
    assert (job.state, job.outcome, job.remark) == ("passed", "failed", "failed_quarantined")
    assert [(row.state, row.outcome, row.act) for row in tree.tries()] == [
        ("failed", "failed", "alone"), ("excused", "failed", "nothing"),
    ]  # fmt: skip
    assert job.message == "a::x failed, and is quarantined by eva until 2026-12-23: issue 12."
    assert tree.batch_state() == "passed"
    with farm.reading() as session:
        assert artifacts.find_files(session, [job.artifact])[0].verdict == "failed_quarantined"
    assert tree.told("job.excused")[0]["name"] == "one"
    view = job_view(farm, job.public)
    assert view.tested is not None
    assert view.tested.cases[0].remark is not None
    assert view.sentence.startswith("Its tests failed, and all that failed is known to come and go")
    assert (view.label, view.mark) == ("failed, quarantined", "≈")
    gates = {gate.gate: gate for gate in promotion.promote(farm, batch, who="eva", dry_run=True).gates}
    assert "a::x failed, and is quarantined by eva" in gates["tested"].reasons[0]


def test_the_gate_takes_a_quarantined_failure_only_where_an_older_one_is_there(
    farm: Farm, tree: BrittleTree
) -> None:  # fmt: skip
    first = tree.push(*GOOD)
    quarantine(farm)
    second = tree.push(*BROKEN)
    with pytest.raises(GateRefusedError, match="a quarantined failure is no pass for it"):
        promotion.promote(farm, second, who="eva")
    promotion.promote(farm, first, who="eva")
    assert promotion.promote(farm, second, who="eva").allowed


def test_a_new_package_is_never_let_through(farm: Farm, tree: BrittleTree) -> None:
    quarantine(farm)
    tree.push(*BROKEN)
    assert (tree.job().state, tree.job().remark) == ("failed", "")
    assert tree.batch_state() == "failed"


def test_one_case_beside_it_that_fails_counts(farm: Farm, tree: BrittleTree) -> None:
    tree.push(*GOOD)
    quarantine(farm)
    tree.push(ran("a::x", "a::y"), ran("a::x", "a::y"))
    assert tree.job().state == "failed"
    assert [remark["case"] for remark in tree.job().remarks] == ["a::x"]
    assert tree.told("job.excused") == []


def test_more_cases_than_are_told_count(farm: Farm, tree: BrittleTree) -> None:
    tree.push(*GOOD)
    quarantine(farm)
    tree.push(ran("a::x", failed=2), ran("a::x", failed=2))
    assert tree.job().state == "failed"


def test_a_fault_that_does_not_come_and_go_counts(farm: Farm, tree: BrittleTree) -> None:
    tree.push(*GOOD)
    quarantine(farm, case="")
    tree.push(None, fail={TEST})
    assert tree.job().state == "failed"


def test_it_is_repeated_alone_first_and_may_pass(farm: Farm, tree: BrittleTree) -> None:
    tree.push(*GOOD)
    quarantine(farm)
    tree.push(*FLAKY)
    assert (tree.job().state, tree.job().outcome, tree.job().remark) == ("passed", "passed", "")


def test_a_quarantine_of_another_platform_or_past_its_end_lets_nothing_through(farm: Farm, tree: BrittleTree) -> None:
    tree.push(*GOOD)
    quarantine(farm, subdir="win-64")
    tree.push(*BROKEN)
    assert tree.job().state == "failed"
    quarantine(farm, until=farm.now() + timedelta(hours=1))
    farm.now.forward(3601)  # type: ignore[attr-defined]
    tree.push(*BROKEN)
    assert tree.job().state == "failed"


def test_enough_clean_runs_end_it_and_a_failure_counts_afresh(farm: Farm, tree: BrittleTree) -> None:
    tree.push(*GOOD)
    quarantine(farm)
    for tries in (GOOD, GOOD, BROKEN, GOOD, GOOD):
        tree.push(*tries)
    assert [entry.clean for entry in quarantining.listed(farm)] == [2]
    tree.push(*GOOD)
    assert held(farm) == []
    assert [(fact["who"], fact["why"]) for fact in tree.told("flake.released")] == [("farm", "it ran clean 3 times")]


def test_a_run_that_tells_its_cases_is_clean_for_those_that_did_not_fail(farm: Farm, tree: BrittleTree) -> None:
    tree.push(*GOOD)
    quarantine(farm)
    tree.push(ran("a::y"), ran("a::y"))
    assert [entry.clean for entry in quarantining.listed(farm)] == [1]
    tree.push(None, brittle={TEST})
    assert [entry.clean for entry in quarantining.listed(farm)] == [1]


def test_its_end_ends_it(farm: Farm, tree: BrittleTree) -> None:
    quarantine(farm, until=farm.now() + timedelta(hours=1))
    quarantining.end_due(farm)
    assert held(farm) == [("one", "", "a::x")]
    farm.now.forward(3600)  # type: ignore[attr-defined]
    quarantining.end_due(farm)
    assert held(farm) == []
    assert tree.told("flake.released")[0]["why"] == "its time is over"


def test_a_release_by_a_person_forgets_what_came_and_went(farm: Farm, tree: BrittleTree) -> None:
    for _ in range(3):
        tree.push(*FLAKY)
    assert quarantining.release(farm, "one", "", who="eva", why="mended") == 1
    tree.push(*FLAKY)
    assert held(farm) == []
    with pytest.raises(NotFoundError):
        quarantining.release(farm, "one", "a::x", who="eva")


def test_a_second_say_changes_author_reason_and_end(farm: Farm) -> None:
    quarantine(farm)
    quarantining.add(farm, "one", "a::x", who="ana", why="issue 13", until=farm.now() + timedelta(days=2))
    (entry,) = quarantining.listed(farm)
    assert (entry.author, entry.reason, entry.until) == ("ana", "issue 13", farm.now() + timedelta(days=2))


def test_a_quarantine_needs_a_reason_and_an_end_to_come(farm: Farm) -> None:
    with pytest.raises(InvalidInputError, match="reason"):
        quarantining.add(farm, "one", "a::x", who="eva", why=" ")
    with pytest.raises(InvalidInputError, match="past"):
        quarantine(farm, until=farm.now())


def test_people_who_quarantine_and_release_at_once_meet_no_fault(farm: Farm, tree: BrittleTree) -> None:
    def act(number: int) -> str:
        try:
            if number % 2:
                quarantining.release(farm, "one", "", who="eva")
            else:
                quarantine(farm, case=f"a::{number % 3}")
        except NotFoundError:
            return "nothing"
        return "done"

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(act, range(24))) <= {"done", "nothing"}
    begun, ended = (len(tree.told(kind)) for kind in ("flake.quarantined", "flake.released"))
    assert begun - ended >= len(held(farm)) >= 0


def test_a_retest_of_what_is_quarantined_forces_no_rebuild(farm: Farm, tree: BrittleTree) -> None:
    write_recipe(tree.folder, "user", run=("one",))
    tree.push(*GOOD)
    quarantining.add(farm, "user", "", who="eva", why="issue 12")
    tree.push(None, brittle={("test", "user")})
    (retest,) = [job for job in batch_view(farm, "B-2").jobs if job.name == "user"]
    assert (retest.kind, retest.state, retest.remark) == ("retest", "passed", "failed_quarantined")
    assert tree.batch_state() == "passed"
