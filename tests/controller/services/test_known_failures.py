"""What failed for real is not run again with the same inputs, for a while, unless a person wants it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.domain.errors import NotFoundError
from controller.services import intake, known_failures, requests
from controller.services.farm import Farm
from controller.storage import jobs
from controller.storage.jobs import JobRow
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker
from workers.contract.reports import Outcome

DAY = 86_400


class Tree:
    """A recipe that fails, a dependent, and something beside them that moves."""

    def __init__(self, farm: Farm, folder: Path) -> None:
        self.farm, self.folder, self.batch = farm, folder, 0
        self.worker = SimulatedWorker(farm, fail={("build", "bad")})
        write_recipe(folder, "bad")
        write_recipe(folder, "user", host=("bad",))
        self.push()

    def push(self) -> None:
        self.batch += 1
        write_recipe(self.folder, "beside", version=f"{self.batch}.0")
        commit(self.folder, f"the {self.batch}. time")
        intake.push(self.farm, str(self.folder), None, who="ana")

    def bad(self) -> JobRow:
        with self.farm.reading() as session:
            rows = jobs.jobs_of_batch(session, self.batch)
        return next(row for row in rows if (row.kind, row.name) == ("build", "bad"))


@pytest.fixture
def tree(tmp_path: Path, database_url: str) -> Iterator[Tree]:
    farm = make_farm(tmp_path, database_url)
    yield Tree(farm, tmp_path / "tree")
    farm.close()


def test_a_build_with_the_same_inputs_ends_as_failed_at_once_and_says_so(tree: Tree) -> None:
    assert ("build", "bad") in tree.worker.finish()
    first = tree.bad()
    tree.push()
    assert ("build", "bad") not in tree.worker.finish()
    again = tree.bad()
    assert (again.state, again.attempts, again.failure) == ("failed", 0, first.failure)
    assert again.message.startswith(f"not run: with the same inputs J-{first.id} failed on 2026-11-23 (compile): Mod")
    assert "believed until 2026-11-30" in again.message
    (known,) = known_failures.known(tree.farm)
    assert (known.job, known.name, known.spared) == (f"J-{first.id}", "bad", 1)


def test_what_waits_for_it_is_blocked_and_the_rest_goes_on(tree: Tree) -> None:
    tree.worker.finish()
    tree.push()
    tree.worker.finish()
    with tree.farm.reading() as session:
        found = {(row.kind, row.name): row.state for row in jobs.jobs_of_batch(session, tree.batch)}
    assert (found["build", "user"], found["test", "beside"]) == ("blocked", "passed")


def test_another_recipe_text_is_another_input(tree: Tree) -> None:
    tree.worker.finish()
    write_recipe(tree.folder, "bad", script=("true",))
    tree.push()
    assert ("build", "bad") in tree.worker.finish()


def test_a_person_may_have_it_run_and_a_pass_forgets_it(tree: Tree) -> None:
    tree.worker.finish()
    tree.push()
    tree.worker.finish()
    requests.retry(tree.farm, tree.bad().public, who="ana")
    tree.worker.fail = set()
    assert ("build", "bad") in tree.worker.finish()
    assert tree.bad().state == "passed"
    assert known_failures.known(tree.farm) == []


def test_it_ends_after_the_days_of_the_settings(tree: Tree) -> None:
    tree.worker.finish()
    tree.farm.now.forward(7 * DAY + 1)  # type: ignore[attr-defined]
    tree.push()
    assert ("build", "bad") in tree.worker.finish()
    assert len(known_failures.known(tree.farm)) == 1


def test_without_days_nothing_is_remembered(tree: Tree) -> None:
    tree.farm.rules = replace(tree.farm.rules, known_failure_days=0.0)
    tree.worker.finish()
    tree.push()
    assert ("build", "bad") in tree.worker.finish()
    assert known_failures.known(tree.farm) == []


@pytest.mark.parametrize("outcome", [Outcome.UNSOLVABLE, Outcome.TIMEOUT, Outcome.REFUSED])
def test_only_what_the_inputs_decide_is_remembered(tree: Tree, outcome: Outcome) -> None:
    while (claim := tree.worker.claim()) is not None:
        if claim.spec.order.kind == "build" and claim.spec.order.recipe == "bad":
            tree.worker.report(claim, outcome)
        else:
            tree.worker.do(claim)
    assert tree.bad().state in ("failed", "unsolvable")
    assert known_failures.known(tree.farm) == []


@pytest.mark.parametrize("named", ["bad", "job"])
def test_one_may_be_forgotten_by_job_or_by_name(tree: Tree, named: str) -> None:
    tree.worker.finish()
    assert known_failures.forget(tree.farm, tree.bad().public if named == "job" else named, who="ana") == 1
    tree.push()
    assert ("build", "bad") in tree.worker.finish()


def test_what_is_not_remembered_cannot_be_forgotten(tree: Tree) -> None:
    with pytest.raises(NotFoundError, match="nothing"):
        known_failures.forget(tree.farm, "nothing", who="ana")
