"""Test runs on packages that the real builder built."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.fake_controller import Attempt, RunningController
from tests.kit.orders import build_order, check_order, publish, recipe
from workers.contract.jobs import JobSpec
from workers.contract.logs import split_lines
from workers.contract.reports import Outcome, TestCase

Run = Callable[[JobSpec], Attempt]
Check = Callable[[str], Attempt]

HEAD = """
package: {name: toy, version: "1.0"}
build: {noarch: generic, script: ["mkdir -p $PREFIX/share && echo a > $PREFIX/share/a.txt"]}
"""


@pytest.fixture
def check(controller: RunningController, tmp_path: Path, run: Run) -> Check:
    """Build a toy package with the given tests, then run these."""

    def do(tests: str) -> Attempt:
        built = run(build_order(controller, recipe(tmp_path / "toy", HEAD + tests)))
        (order,) = publish(controller, built.id)
        return run(check_order(order))

    return do


def test_each_test_is_counted_by_itself(check: Check) -> None:
    attempt = check("tests:\n  - script: ['grep a $PREFIX/share/a.txt']\n  - script: ['true']\n")
    assert attempt.report.outcome is Outcome.PASSED
    assert [(test.index, test.kind, test.outcome) for test in attempt.report.tests] == [
        (0, "commands", Outcome.PASSED), (1, "commands", Outcome.PASSED)
    ]  # fmt: skip
    assert attempt.report.message == "2 of 2 tests passed"


def test_one_failing_test_fails_the_run_and_the_others_still_have_their_own_verdict(check: Check) -> None:
    attempt = check(
        "tests:\n  - script: ['true']\n"
        "  - script: ['echo \"AssertionError: 3 is not 4\" >&2; exit 1']\n  - script: ['true']\n"
    )
    assert attempt.report.outcome is Outcome.FAILED
    assert [test.outcome for test in attempt.report.tests] == [Outcome.PASSED, Outcome.FAILED, Outcome.PASSED]
    assert attempt.report.tests[1].message.startswith("AssertionError: 3 is not 4")
    assert "2 of 3 tests passed; test 2 (commands): AssertionError" in attempt.report.message


def test_no_tests_is_not_passed(check: Check) -> None:
    attempt = check("")
    assert attempt.report.outcome is Outcome.NO_TESTS
    assert attempt.report.tests == ()
    assert "carries no test" in attempt.report.message


def test_a_downstream_that_cannot_be_solved_is_not_passed_though_the_builder_says_so(check: Check) -> None:
    attempt = check("tests:\n  - downstream: no-such-user\n")
    assert attempt.report.outcome is Outcome.UNSOLVABLE
    assert "No candidates were found for no-such-user" in attempt.report.message


def test_a_downstream_that_excludes_this_version_is_told_in_the_solvers_words(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    user = HEAD.replace("name: toy", "name: user") + "requirements: {run: ['toy <1']}\n"
    publish(controller, run(build_order(controller, recipe(tmp_path / "user", user))).id)
    text = HEAD + "tests:\n  - downstream: user\n"
    built = run(build_order(controller, recipe(tmp_path / "toy", text), job="J-2"))
    (order,) = publish(controller, built.id)
    attempt = run(check_order(order, job="J-3"))
    assert attempt.report.outcome is Outcome.UNSOLVABLE
    assert "toy <1" in attempt.report.message


def test_a_test_environment_without_a_solution_is_told_in_the_solvers_words(check: Check) -> None:
    attempt = check("tests:\n  - script: ['true']\n    requirements: {run: ['no-such-tool >=2']}\n")
    assert attempt.report.outcome is Outcome.UNSOLVABLE
    assert "No candidates were found for no-such-tool" in attempt.report.message


def test_a_dependency_without_a_solution_is_told_in_the_solvers_words(check: Check) -> None:
    attempt = check("requirements: {run: ['no-such-library >=2']}\ntests:\n  - script: ['true']\n")
    assert attempt.report.outcome is Outcome.UNSOLVABLE
    assert "no-such-library >=2, for which no candidates were found" in attempt.report.message
    assert "sha256" not in attempt.report.message


def test_a_test_does_not_find_the_workers_own_python(check: Check) -> None:
    attempt = check("tests:\n  - script: ['! command -v farm-worker']\n")
    assert attempt.report.outcome is Outcome.PASSED, attempt.text


def test_a_package_for_another_platform_is_not_run_here(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    text = HEAD.replace("noarch: generic, ", "") + "tests:\n  - script: ['true']\n"
    built = run(build_order(controller, recipe(tmp_path / "toy", text), platform="osx-arm64"))
    (order,) = publish(controller, built.id)
    attempt = run(check_order(order))
    assert attempt.report.outcome is Outcome.NOT_RUNNABLE
    assert "osx-arm64" in attempt.report.message
    assert "Testing commands" not in attempt.text


def test_a_file_that_is_no_package_fails_clearly(controller: RunningController, tmp_path: Path, run: Run) -> None:
    built = run(build_order(controller, recipe(tmp_path / "toy", HEAD)))
    (order,) = publish(controller, built.id)
    digest = controller.add_blob(b"no package at all")
    (controller.store / order.file.subdir / order.file.file_name).write_bytes(b"no package at all")
    attempt = run(check_order(order.model_copy(update={"sha256": digest})))
    assert attempt.report.outcome is Outcome.FAILED
    assert "package file cannot be tested" in attempt.report.message


def test_other_bytes_than_ordered_are_never_tested(controller: RunningController, tmp_path: Path, run: Run) -> None:
    built = run(build_order(controller, recipe(tmp_path / "toy", HEAD)))
    (order,) = publish(controller, built.id)
    attempt = run(check_order(order.model_copy(update={"sha256": "0" * 64})))
    assert attempt.report.outcome is Outcome.INFRASTRUCTURE
    assert "should have digest" in attempt.report.message


def test_a_file_that_is_not_in_the_store_is_nobodys_recipes_fault(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    built = run(build_order(controller, recipe(tmp_path / "toy", HEAD)))
    (order,) = publish(controller, built.id)
    (controller.store / order.file.subdir / order.file.file_name).unlink()
    attempt = run(check_order(order))
    assert attempt.report.outcome is Outcome.INFRASTRUCTURE


def test_a_test_that_hangs_is_ended(controller: RunningController, tmp_path: Path, run: Run) -> None:
    tests = "tests:\n  - script: ['sleep 54371']\n"
    built = run(build_order(controller, recipe(tmp_path / "toy", HEAD + tests)))
    (order,) = publish(controller, built.id)
    attempt = run(check_order(order, total_seconds=1.5))
    assert attempt.report.outcome is Outcome.TIMEOUT
    assert attempt.report.phase == "test"


JUNIT = """<testsuite><testcase classname="c" name="good"/>
<testcase classname="c" name="bad"><failure message="3 is not 4"/></testcase></testsuite>"""


def test_the_line_that_tells_most_and_the_cases_reach_the_report(check: Check, controller: RunningController) -> None:
    script = (
        "tests:\n  - script: ['true']\n  - script:\n      - echo first\n"
        f"      - echo '{' '.join(JUNIT.split())}' > $FARM_TEST_REPORTS/c.xml\n"
        "      - 'echo \"AssertionError: 3 is not 4\"'\n      - echo afterwards\n      - exit 7\n"
    )
    attempt = check(script)
    good, bad = attempt.report.tests
    assert (good.line, good.cases_sha256, good.failing) == (0, "", ())
    assert split_lines(attempt.text)[bad.line - 1] == "AssertionError: 3 is not 4"
    assert (bad.passed, bad.failed, bad.skipped) == (1, 1, 0)
    assert [(case.name, case.outcome, case.message) for case in bad.failing] == [
        ("c::bad", Outcome.FAILED, "3 is not 4")
    ]
    listed = [TestCase(**case) for case in json.loads(gzip.decompress(controller.blobs[bad.cases_sha256]))]
    assert [(case.name, case.outcome) for case in listed] == [("c::good", Outcome.PASSED), ("c::bad", Outcome.FAILED)]


def test_an_order_for_the_oldest_versions_says_which_were_taken(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    for number, version in enumerate(("1.0", "2.0")):
        text = HEAD.replace("name: toy", "name: lib").replace('"1.0"', f'"{version}"')
        built = run(build_order(controller, recipe(tmp_path / f"lib{version}", text), job=f"J-{number}"))
        publish(controller, built.id)
    text = HEAD + "requirements: {run: [lib]}\ntests:\n  - script: ['true']\n"
    (order,) = publish(controller, run(build_order(controller, recipe(tmp_path / "toy", text), job="J-7")).id)
    newest, oldest = (
        run(check_order(order.model_copy(update={"strategy": strategy}), job=f"J-{strategy}"))
        for strategy in ("highest", "lowest_direct")
    )
    assert newest.report.message == "1 of 1 tests passed"
    assert oldest.report.message == "1 of 1 tests passed; with lib 1.0"


def test_nothing_of_a_test_is_left_in_the_workers_folders(check: Check, tmp_path: Path) -> None:
    check("tests:\n  - script: ['mkdir -p deep/er && touch deep/er/x && chmod 500 deep']\n")
    assert not list((tmp_path / "work" / "attempts").glob("*/checks"))
