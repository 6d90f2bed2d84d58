"""A test job looks at the linkage too: planted faults that no test of the package itself would see."""

from pathlib import Path

from tests.kit.checked import carrying, program
from tests.kit.linked import files, needs_cc, shared
from tests.kit.orders import HERE
from tests.kit.packages import Package
from tests.workers.checks.conftest import Try

pytestmark = needs_cc
FINE = {"script": ["true"]}


def library(folder: Path, version: str, *offers: str) -> Package:
    built = shared(folder / f"libfoo-{version}", "libfoo.so.1", offers)
    return Package(name="libfoo", version=version, subdir=HERE, files=files("lib", built))


def user_of_both(folder: Path) -> Path:
    """Linked against a libfoo that had ``foo_a`` and ``foo_b``."""
    old = shared(folder / "old", "libfoo.so.1", ("foo_a", "foo_b"))
    return shared(folder / "user", "libuser.so.1", uses=("foo_a", "foo_b"), links=(old,))


def test_a_symbol_dropped_within_the_allowed_range_fails_what_its_own_test_passes(attempt: Try, tmp_path: Path) -> None:
    user = files("lib", user_of_both(tmp_path))
    package = carrying(FINE, files=user, depends=("libfoo >=1.2,<2",))
    sound = attempt(package, [library(tmp_path, "1.2", "foo_a", "foo_b")])
    assert (sound.outcomes, sound.result.outcome) == (["passed", "passed"], "passed"), sound.text
    broken = attempt(package, [library(tmp_path, "1.3", "foo_a")])
    assert (broken.outcomes, broken.result.outcome) == (["passed", "failed"], "failed")
    end = broken.result.tests[-1]
    assert (end.kind, [case.name for case in end.failing]) == ("linkage", ["undefined::foo_b"])
    assert "foo_b" in broken.result.message


def test_a_missing_dependency_fails(attempt: Try, tmp_path: Path) -> None:
    package = carrying(FINE, files=files("lib", user_of_both(tmp_path)))
    done = attempt(package)
    assert (done.outcomes, done.result.outcome) == (["passed", "failed"], "failed")
    assert [case.name for case in done.result.tests[-1].failing] == ["missing::libfoo.so.1"]


def test_sound_linkage_makes_no_package_a_tested_one(attempt: Try, tmp_path: Path) -> None:
    package = carrying(files=files("lib", user_of_both(tmp_path)), depends=("libfoo",))
    done = attempt(package, [library(tmp_path, "1.2", "foo_a", "foo_b")])
    assert (done.outcomes, done.result.outcome) == (["passed"], "no_tests")
    assert done.result.message == "toy-1.0-h0_0.conda carries no test."


def test_faulty_linkage_of_a_package_without_tests_is_a_failure(attempt: Try, tmp_path: Path) -> None:
    done = attempt(carrying(files=files("lib", user_of_both(tmp_path))))
    assert done.result.outcome == "failed"


def test_a_package_without_programs_has_no_test_of_its_linkage(attempt: Try) -> None:
    assert attempt(carrying(FINE, files={"share/a": b"a"})).outcomes == ["passed"]


def test_it_is_looked_at_with_what_the_package_names_and_not_with_what_its_tests_ask_for(
    attempt: Try, tmp_path: Path
) -> None:
    """The test's own requirement brings the library along; a user has no such test."""
    test = {**FINE, "requirements": {"run": ["tool"]}}
    package = carrying(test, files=files("lib", user_of_both(tmp_path)))
    tool = program("tool", "true", depends=("libfoo",))
    done = attempt(package, [library(tmp_path, "1.2", "foo_a", "foo_b"), tool])
    assert [case.name for case in done.result.tests[-1].failing] == ["missing::libfoo.so.1"]


def test_what_cannot_be_installed_is_not_looked_at(attempt: Try, tmp_path: Path) -> None:
    done = attempt(carrying(FINE, files=files("lib", user_of_both(tmp_path)), depends=("nowhere",)))
    assert done.outcomes == ["unsolvable"]
    assert "linkage is not looked at" in done.text
