"""Expected failures: what a tree says is known to fail breaks nothing, and is told when it passes or is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.services import intake, invariants, promotion, requests
from controller.services.answers.batches import batch_view
from controller.services.answers.cases import expectation_list
from controller.services.answers.jobs import job_view
from controller.services.farm import Farm
from tests.kit.brittle_tree import BUILD, TEST, BrittleTree, ran
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker
from workers.contract.reports import Outcome, TestCase


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    found = invariants.find_breaches(farm)
    farm.close()
    assert found == []


@pytest.fixture
def tree(farm: Farm, tmp_path: Path) -> BrittleTree:
    return BrittleTree(farm, tmp_path / "tree")


def expect(kind: str = "test", case: str = "", until: str = "2027-01-31", packages: str = "on*") -> str:
    said = f'case = "{case}"\n' if case else ""
    return f'[[tree.expected]]\npackages = ["{packages}"]\nkind = "{kind}"\n{said}why = "issue 7"\nuntil = {until}\n'


def known(farm: Farm) -> list[tuple[str, str, str]]:
    return [(each.kind, each.case, each.state) for each in expectation_list(farm)]


def all_of(**outcomes: Outcome) -> list[TestCase]:
    return [TestCase(name=f"a::{name}", outcome=outcome) for name, outcome in outcomes.items()]


def test_a_test_that_fails_as_expected_is_not_repeated_and_breaks_nothing(farm: Farm, tree: BrittleTree) -> None:
    tree.say(expect())
    batch = tree.push(None, brittle={TEST})
    job = tree.job()
    assert (job.state, job.outcome, job.remark) == ("passed", "failed", "failed_expected")
    assert [(row.state, row.act) for row in tree.tries()] == [("excused", "nothing")]
    assert tree.batch_state() == "passed"
    view = batch_view(farm, batch)
    assert [(remark.label, remark.sentence) for remark in view.remarks] == [
        ("fails as expected", "Its test fails as expected until 2027-01-31: issue 7.")
    ]
    assert known(farm) == [("test", "", "failed_expected")]
    gates = {gate.gate: gate for gate in view.gates}
    assert "fails as expected until 2027-01-31: issue 7" in gates["tested"].reasons[0]
    assert promotion.promote(farm, batch, who="eva").allowed


def test_one_expected_case_excuses_itself_and_no_other(farm: Farm, tree: BrittleTree) -> None:
    tree.say(expect(case="a::x"))
    tree.push(ran("a::x"))
    assert (tree.job().state, tree.job().remark) == ("passed", "failed_expected")
    tree.push(ran("a::x", "a::y"), ran("a::x", "a::y"))
    assert tree.job().state == "failed"


def test_a_test_that_passes_though_it_is_expected_to_fail_is_told_until_the_line_is_gone(
    farm: Farm, tree: BrittleTree
) -> None:
    tree.say(expect())
    batch = tree.push(ran())
    assert (tree.job().state, tree.job().remark) == ("passed", "now_passes")
    assert [remark.label for remark in batch_view(farm, batch).remarks] == ["now passes"]
    assert known(farm) == [("test", "", "now_passes")]
    assert len(tree.told("job.now_passes")) == 1
    tree.say("")
    tree.push(ran())
    assert (tree.job().remark, known(farm)) == ("", [])


def test_a_case_passes_now_where_the_list_of_all_cases_says_so(farm: Farm, tree: BrittleTree) -> None:
    tree.say(expect(case="a::x"))
    tree.push(ran(), lists=all_of(x=Outcome.NOT_RUNNABLE, y=Outcome.PASSED))
    assert tree.job().remark == ""
    tree.push(ran())
    assert tree.job().remark == ""
    tree.push(ran(), lists=all_of(x=Outcome.PASSED))
    assert tree.job().remark == "now_passes"
    assert known(farm) == [("test", "a::x", "now_passes")]


def test_past_its_day_it_counts_and_says_so(farm: Farm, tree: BrittleTree) -> None:
    tree.say(expect(until="2026-11-22"))
    batch = tree.push(None, brittle={TEST})
    assert (tree.job().state, tree.job().remark) == ("failed", "over")
    assert tree.batch_state() == "failed"
    (remark,) = batch_view(farm, batch).remarks
    assert remark.sentence == "Its test was expected to fail until 2026-11-22, which is past, so it counts: issue 7."
    assert known(farm) == [("test", "", "over")]
    assert "That is past: it counts." in job_view(farm, tree.job().public).expected[0]


def test_a_test_that_runs_out_of_time_is_not_what_was_expected(farm: Farm, tree: BrittleTree) -> None:
    tree.say(expect())
    tree.push(None, unsolvable={TEST})
    assert tree.job().state == "unsolvable"


def two(farm: Farm, tree: BrittleTree, **worker: set[tuple[str, str]]) -> tuple[str, SimulatedWorker]:
    """``one``, ``two`` that is built with it, and ``three`` beside them."""
    write_recipe(tree.folder, "one")
    write_recipe(tree.folder, "two", host=("one",))
    write_recipe(tree.folder, "three")
    commit(tree.folder, "all")
    batch = intake.push(farm, str(tree.folder), None, who="ana").batch
    hands = SimulatedWorker(farm, **worker)
    hands.finish()
    return batch, hands


def test_a_build_that_fails_as_expected_stays_behind_with_what_needs_it_and_the_rest_passes(
    farm: Farm, tree: BrittleTree
) -> None:
    tree.say(expect("build", packages="one"))
    batch, _ = two(farm, tree, fail={BUILD})
    view = batch_view(farm, batch)
    states = {(job.kind, job.name): job.state for job in view.jobs}
    assert states["build", "one"] == "expected"
    assert states["build", "two"] == "blocked"
    assert states["build", "three"] == "passed"
    assert (view.state, view.counts.broken) == ("passed", 0)
    assert view.verdict == "Nothing broke; 1 package in testing, 2 files left behind as expected."
    reasons = {stay.name: (stay.reason, stay.blocked_by) for stay in view.stays}
    assert reasons["one"] == ("Its build failed as expected.", ("build of one (noarch)",))
    assert reasons["two"][1] == ("build of one (noarch)",)
    assert known(farm) == [("build", "", "failed_expected")]


def test_a_real_failure_beside_it_counts(farm: Farm, tree: BrittleTree) -> None:
    tree.say(expect("build", packages="one"))
    batch, _ = two(farm, tree, fail={BUILD, ("build", "three")})
    assert batch_view(farm, batch).state == "failed"


def test_a_batch_of_nothing_but_expected_failures_broke_nothing_and_published_nothing(
    farm: Farm, tree: BrittleTree
) -> None:
    tree.say(expect("build"))
    batch = tree.push(fail={BUILD})
    view = batch_view(farm, batch)
    assert (view.state, view.published) == ("passed", ())
    assert view.verdict == "Nothing broke, and nothing is published: 1 file left behind as expected."
    assert not {gate.gate: gate for gate in view.gates}["built"].passes


def test_a_build_that_is_expected_to_fail_may_be_tried_again_and_pass(farm: Farm, tree: BrittleTree) -> None:
    tree.say(expect("build", packages="one"))
    batch, hands = two(farm, tree, fail={BUILD})
    build = next(job for job in batch_view(farm, batch).jobs if (job.kind, job.name) == ("build", "one"))
    requests.retry(farm, build.id, who="eva")
    hands.fail.clear()
    hands.finish()
    view = batch_view(farm, batch)
    assert (view.state, view.stays) == ("passed", ())
    assert [(remark.name, remark.kind) for remark in view.remarks] == [("one", "now_passes")]


def test_a_build_that_is_known_to_fail_is_expected_to_all_the_same(farm: Farm, tree: BrittleTree) -> None:
    tree.say(expect("build", packages="one"))
    two(farm, tree, fail={BUILD})
    write_recipe(tree.folder, "four")
    commit(tree.folder, "four")
    batch = intake.push(farm, str(tree.folder), None, who="ana").batch
    hands = SimulatedWorker(farm)
    hands.finish()
    view = batch_view(farm, batch)
    (build,) = [job for job in view.jobs if (job.kind, job.name) == ("build", "one")]
    assert BUILD not in hands.done
    assert (build.state, build.remark, view.state) == ("expected", "failed_expected", "passed")


VARIANTS = """\
package: {name: one, version: "1.0"}
build:
  number: 0
  script: ["echo ${{ flavour }}"]
requirements:
  host: []
tests: [{script: ["true"]}]
about: {license: BSD-3-Clause, summary: x}
"""


def test_of_two_variants_the_one_that_fails_keeps_the_line(farm: Farm, tree: BrittleTree) -> None:
    tree.say(expect())
    (tree.folder / "one").mkdir(parents=True)
    (tree.folder / "one" / "recipe.yaml").write_text(VARIANTS)
    (tree.folder / "one" / "variants.yaml").write_text("flavour: [a, b]\n")
    commit(tree.folder, "two flavours")
    batch = intake.push(farm, str(tree.folder), None, who="ana").batch
    hands = SimulatedWorker(farm)
    while sum(job == BUILD for job in hands.done) < 2:
        assert hands.step()
    hands.brittle = {TEST}
    while TEST not in hands.done:
        assert hands.step()
    hands.brittle = set()
    hands.finish()
    remarks = {remark.kind for remark in batch_view(farm, batch).remarks}
    assert remarks == {"failed_expected", "now_passes"}
    assert known(farm) == [("test", "", "failed_expected")]


def test_a_retest_that_fails_as_expected_forces_no_rebuild(farm: Farm, tree: BrittleTree) -> None:
    tree.say(expect(case="a::x", packages="user"))
    write_recipe(tree.folder, "user", run=("one",))
    tree.push(ran())
    retest = ("test", "user")
    hands = SimulatedWorker(farm, brittle={retest}, tests={retest: (ran("a::x"),)})
    write_recipe(tree.folder, "one", version="7.0")
    commit(tree.folder, "seven")
    batch = intake.push(farm, str(tree.folder), None, who="ana").batch
    hands.finish()
    view = batch_view(farm, batch)
    assert [(job.kind, job.state, job.remark) for job in view.jobs if job.name == "user"] == [
        ("retest", "passed", "failed_expected")
    ]
    assert (view.state, view.revisions) == ("passed", ())


def test_a_list_of_cases_that_is_none_says_nothing(farm: Farm, tree: BrittleTree) -> None:
    tree.say(expect(case="a::x"))
    for digest in ("../../etc/passwd", "0" * 64, farm.blobs.put_bytes(b"no list"), farm.blobs.put_bytes(b"")):
        tree.push(ran().model_copy(update={"cases_sha256": digest}))
        assert (tree.job().state, tree.job().remark) == ("passed", "")
