from workers.checks import verdicts


def test_a_failure_outweighs_all() -> None:
    assert verdicts.worst(["passed", "unsolvable", "failed", "infrastructure"]) == "failed"


def test_an_unsolvable_test_is_worse_than_a_passed_one() -> None:
    assert verdicts.worst(["passed", "unsolvable"]) == "unsolvable"


def test_nothing_run_is_no_tests_and_never_passed() -> None:
    assert verdicts.worst([]) == "no_tests"


def test_a_downstream_test_that_could_not_run_is_known_by_what_the_builder_warns() -> None:
    said = "Downstream test could not run. Environment might be unsolvable:   \u00d7 Cannot solve: x"
    assert verdicts.is_unsolved_downstream(["fine", said])
    assert not verdicts.is_unsolved_downstream(["\u2714 all tests passed!"])


def test_the_status_follows_the_telling_line() -> None:
    output = ["ImportError: libtoy.so.1: cannot open", "Script failed with status 1", "\nScript execution failed."]
    assert verdicts.failure(output) == "ImportError: libtoy.so.1: cannot open (Script failed with status 1)"
