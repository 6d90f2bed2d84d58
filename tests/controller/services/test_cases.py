"""What the farm keeps of the cases of tests, through reports as workers send them."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controller.planning.history import marked
from controller.services import intake, results
from controller.services.answers.jobs import job_view
from controller.services.farm import Farm
from controller.storage import cases, flakes
from controller.storage.cases import CaseRow
from tests.kit.brittle_tree import TEST, BrittleTree, ran
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker, job_of
from workers.contract.reports import Outcome, Report


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


@pytest.fixture
def tree(farm: Farm, tmp_path: Path) -> BrittleTree:
    return BrittleTree(farm, tmp_path / "tree")


def known(farm: Farm, *names: str) -> dict[str, CaseRow]:
    with farm.reading() as session:
        return cases.of_test(session, "one", "one", "noarch", names)


def test_a_case_that_fails_to_the_end_is_counted_once_a_run_and_told_with_its_history(
    farm: Farm, tree: BrittleTree
) -> None:
    tree.push(ran())
    tree.push(ran("a::x"), ran("a::x"))
    tree.push(ran("a::x", "a::y"), ran("a::x", "a::y"))
    found = known(farm, "a::x", "a::y")
    assert {name: row.failures for name, row in found.items()} == {"a::x": 2, "a::y": 1}
    view = job_view(farm, tree.job().public)
    assert view.tested is not None
    assert view.tested.line == "41 passed, 2 failed, 2 skipped"
    first = view.tested.cases[0]
    assert (first.name, first.message, first.where) == ("a::x", "a::x broke", "t.py:7")
    assert first.history == "failed 2 of the last 3 runs"


def test_a_case_that_passes_alone_came_and_went_and_did_not_fail(farm: Farm, tree: BrittleTree) -> None:
    tree.push(ran("a::x"), ran())
    row = known(farm, "a::x")["a::x"]
    assert (row.failures, row.flakes, row.line, row.job) == (0, 1, "a::x broke", tree.job().public)


def test_of_two_cases_the_one_that_fails_alone_too_failed_and_the_other_came_and_went(
    farm: Farm, tree: BrittleTree
) -> None:
    tree.push(ran("a::x", "a::y"), ran("a::y"))
    found = known(farm, "a::x", "a::y")
    assert [(row.failures, row.flakes) for row in found.values()] == [(0, 1), (1, 0)]
    assert tree.job().state == "failed"


def test_what_nobody_tells_is_not_taken_for_passed(farm: Farm, tree: BrittleTree) -> None:
    tree.push(ran("a::x"), ran("a::y", failed=3))
    assert set(known(farm, "a::x", "a::y")) == {"a::y"}


def test_cases_that_pass_write_nothing(farm: Farm, tree: BrittleTree) -> None:
    tree.push(ran())
    tree.push(None)
    with farm.reading() as session:
        assert cases.flaked(session, 10) == []
    view = job_view(farm, tree.job().public)
    assert view.tested is None


def test_a_report_that_is_sent_again_counts_once(farm: Farm, tree: BrittleTree) -> None:
    tree.push(ran("a::x"), ran("a::x"))
    last = tree.tries()[-1]
    said = Report(lease=last.lease, outcome=Outcome.FAILED, tests=(ran("a::x"),))
    token = _token(last.token_sha256)
    results.report(farm, last.id, token, said)
    assert known(farm, "a::x")["a::x"].failures == 1


def _token(digest: str) -> str:
    tokens = (f"token-{number}" for number in range(100))
    return next(token for token in tokens if hashlib.sha256(token.encode()).hexdigest() == digest)


def test_a_report_of_more_cases_than_the_farm_keeps_is_taken_all_the_same(farm: Farm, tree: BrittleTree) -> None:
    names = [f"case {number:03}" for number in range(150)]
    tree.push(ran(*names), ran(*names))
    assert len(known(farm, *names)) == 100


def test_names_that_no_index_likes_are_kept(farm: Farm, tree: BrittleTree) -> None:
    long = "test_everything[" + "x" * 5000 + "]"
    tree.push(ran(long, long + "y"), ran(long, long + "y"))
    view = job_view(farm, tree.job().public)
    assert view.tested is not None
    assert [case.history for case in view.tested.cases] == ["failed the only run", "failed the only run"]


def test_two_reports_of_one_case_at_once_both_count(farm: Farm, tree: BrittleTree) -> None:
    tree.say('[tree.policy]\nsupersede = "never"\n')
    hands = [SimulatedWorker(farm, f"w{number}") for number in range(4)]
    for number in range(4):
        write_recipe(tree.folder, "one", version=f"{number + 1}.0")
        commit(tree.folder, f"version {number}")
        intake.push(farm, str(tree.folder), None, who="ana")
    builds = [claim for worker in hands if (claim := worker.claim())]
    for worker, claim in zip(hands, builds, strict=True):
        worker.do(claim)
    tests = [claim for worker in hands if (claim := worker.claim())]
    assert [job_of(claim) for claim in tests] == [TEST] * 4
    for worker, claim in zip(hands, tests, strict=True):
        worker.write(claim, "ModuleNotFoundError: No module named 'toy'")
        worker.tests = {TEST: (ran("a::x", f"a::{worker.name}"),)}
    with ThreadPoolExecutor(4) as pool:
        reports = [
            pool.submit(worker.report, claim, Outcome.FAILED) for worker, claim in zip(hands, tests, strict=True)
        ]
    assert [done.result() for done in reports] == [True] * 4
    row = known(farm, "a::x")["a::x"]
    assert (row.failures, row.run, marked(row.recent_failures, 0, 40)) == (4, 4, 4)
    with farm.reading() as session:
        assert flakes.runs_of(session, ["one"]) == {("one", "one", "noarch"): 4}
