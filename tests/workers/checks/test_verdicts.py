from workers.checks import verdicts


def test_a_failure_outweighs_all() -> None:
    assert verdicts.worst(["passed", "unsolvable", "failed", "infrastructure"]) == "failed"


def test_an_unsolvable_test_is_worse_than_a_passed_one() -> None:
    assert verdicts.worst(["passed", "unsolvable"]) == "unsolvable"


def test_nothing_run_is_no_tests_and_never_passed() -> None:
    assert verdicts.worst([]) == "no_tests"


def test_a_test_with_nothing_to_run_says_nothing_beside_one_that_ran() -> None:
    assert verdicts.worst(["no_tests", "passed"]) == "passed"
    assert verdicts.worst(["no_tests", "not_runnable"]) == "not_runnable"
    assert verdicts.worst(["no_tests", "no_tests"]) == "no_tests"


def test_the_end_of_a_script_is_told_by_its_status_or_its_signal() -> None:
    assert verdicts.end_of(3) == "exited with status 3"
    assert verdicts.end_of(137) == "killed by signal 9"
    assert verdicts.end_of(255) == "exited with status 255"
