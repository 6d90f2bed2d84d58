"""Each kind of test, run for real in real environments of small packages."""

import gzip
import json
import os
import sys
from pathlib import Path

import pytest

from tests.kit.checked import carrying, channel_of, checked, program, python
from tests.kit.orders import HERE
from tests.kit.packages import Package
from tests.workers.checks.conftest import Try
from workers.builders import events
from workers.contract import reports

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the packages' programs are shell scripts")


def commands(*lines: str, **more: object) -> dict[str, object]:
    return {"script": {"content": list(lines), **more}}


def test_the_exit_status_decides(attempt: Try) -> None:
    done = attempt(carrying(commands("true"), commands("false", "true"), commands("exit 3"), commands("kill -9 $$")))
    assert done.outcomes == ["passed", "failed", "failed", "failed"]
    messages = [test.message for test in done.result.tests]
    assert messages[:3] == ["", "+ false (exited with status 1)", "+ exit 3 (exited with status 3)"]
    assert messages[3].endswith("(killed by signal 9)")
    assert done.result.message.startswith("1 of 4 tests passed; test 2 (commands)")


def test_a_script_sees_what_conda_build_and_rattler_build_promise(attempt: Try) -> None:
    names = (
        *("PREFIX", "CONDA_PREFIX", "SRC_DIR", "PKG_NAME", "PKG_VERSION", "PKG_BUILDNUM", "PKG_BUILD_STRING"),
        *("CONDA_BUILD", "CONDA_BUILD_STATE", "SUBDIR", "target_platform", "build_platform", "SP_DIR", "PY_VER"),
        *("CPU_COUNT", "SHLIB_EXT", "PYTHONNOUSERSITE", "HOME", "TMPDIR", "cxx_version"),
    )
    info = {"info/hash_input.json": b'{"cxx-version": "14", "python": "3.11.*", "numpy": null}'}
    show = commands("set +x", *(f'echo "{name}=${name}"' for name in names), 'test "$PWD" = "$SRC_DIR"')
    done = attempt(carrying(show, build="h1_3", info=info, depends=("python",)), [python()])
    assert done.outcomes == ["passed"], done.text
    seen = dict(line.split("=", 1) for line in done.log if "=" in line and not line.startswith("+"))
    assert seen["PREFIX"] == seen["CONDA_PREFIX"] == "$PREFIX"
    assert seen["SP_DIR"] == "$PREFIX/lib/python3.11/site-packages"
    assert (seen["PKG_NAME"], seen["PKG_VERSION"], seen["PKG_BUILDNUM"]) == ("toy", "1.0", "3")
    assert (seen["PKG_BUILD_STRING"], seen["PY_VER"], seen["cxx_version"]) == ("h1_3", "3.11", "14")
    assert (seen["CONDA_BUILD"], seen["CONDA_BUILD_STATE"], seen["SUBDIR"]) == ("1", "TEST", HERE)
    assert all(seen[name] for name in names)


def test_nothing_of_the_worker_reaches_a_test(attempt: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_WORKER_TOKEN", "hidden")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    done = attempt(carrying(commands('test -z "$FARM_WORKER_TOKEN$PYTHONPATH$RATTLER_CACHE_DIR"')))
    assert done.outcomes == ["passed"], done.text


def test_a_secret_is_given_to_who_names_it_and_hidden_in_the_log(attempt: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LICENSE_KEY", "k3y-of-the-farm")
    done = attempt(
        carrying(commands('echo "key $LICENSE_KEY"', secrets=["LICENSE_KEY"]), commands('test -z "$LICENSE_KEY"'))
    )
    assert done.outcomes == ["passed", "passed"]
    assert "key ********" in done.log
    assert "k3y-of-the-farm" not in done.text


def test_activation_scripts_of_the_environment_run_first(attempt: Try) -> None:
    files = {"etc/conda/activate.d/tool.sh": b'export TOOL_HOME="$CONDA_PREFIX/tool"\n'}
    tool = Package(name="tool", subdir=HERE, files=files)
    test = {**commands('test "$TOOL_HOME" = "$PREFIX/tool"'), "requirements": {"run": ["tool"]}}
    assert attempt(carrying(test), [tool]).outcomes == ["passed"]


def test_build_requirements_are_an_environment_of_their_own_that_stands_first(attempt: Try) -> None:
    tools = [program("emulator", "echo 1"), program("emulator", "echo 2", version="2.0")]
    test = {
        **commands(
            'test "$(emulator)" = 2', 'test -x "$BUILD_PREFIX/bin/emulator"', 'test ! -e "$PREFIX/bin/emulator"'
        ),
        "requirements": {"build": ["emulator >=2"]},
    }
    assert attempt(carrying(test), tools).outcomes == ["passed"]


def test_each_test_works_on_its_own_copy_of_its_files(attempt: Try) -> None:
    at = "etc/conda/test-files/toy/0"
    spoil = commands("grep 1 data.txt", "echo 2 > data.txt", "test -f sub/more.txt", cwd=at)
    files = {f"{at}/data.txt": b"1\n", f"{at}/sub/more.txt": b"m\n"}
    done = attempt(carrying(spoil, spoil, files=files))
    assert done.outcomes == ["passed", "passed"], done.text


def test_files_below_info_tests_are_found_too(attempt: Try) -> None:
    info = {"info/tests/0/data.txt": b"1\n"}
    assert attempt(carrying(commands("grep 1 data.txt"), info=info)).outcomes == ["passed"]


@pytest.mark.parametrize("cwd", ["etc/conda/test-files/toy/0", "../../..", "/etc"])
def test_files_that_are_missing_or_outside_fail_the_test_in_plain_words(attempt: Try, cwd: str) -> None:
    done = attempt(carrying(commands("true", cwd=cwd)))
    assert done.outcomes == ["failed"]
    assert "lacks the files of its test" in done.result.message


def test_variables_of_the_script_are_set(attempt: Try) -> None:
    assert attempt(carrying(commands('test "$LEVEL" = "a b"', env={"LEVEL": "a b"}))).outcomes == ["passed"]


def test_an_interpreter_of_the_environment_runs_the_script(attempt: Try) -> None:
    good = {"script": {"interpreter": "python", "content": "import sys\nassert sys.argv[0].endswith('.py')\n"}}
    bad = {"script": {"interpreter": "python", "content": "raise ValueError('no such thing')\n"}}
    done = attempt(carrying(good, bad, depends=("python",)), [python()])
    assert done.outcomes == ["passed", "failed"]
    assert done.result.tests[1].message == "ValueError: no such thing (exited with status 1)"


def test_an_interpreter_that_is_missing_or_unknown_fails(attempt: Try) -> None:
    done = attempt(carrying(*({"script": {"interpreter": name, "content": "x"}} for name in ("nu", "fortran"))))
    assert done.outcomes == ["failed", "failed"]
    assert "exited with status 127" in done.result.tests[0].message
    assert "'fortran'" in done.result.tests[1].message


def test_a_script_for_windows_is_not_run_here(attempt: Try) -> None:
    done = attempt(carrying({"script": {"interpreter": "cmd", "content": "exit 0"}}))
    assert done.result.outcome == "not_runnable"


def test_python_imports_run_once_for_each_version_that_is_named(attempt: Try) -> None:
    others = [python("3.10.2"), python("3.11.4"), program("pip", 'echo "pip $*"')]
    test = {"python": {"imports": ["json", "csv"], "python_version": ["3.10.*", "3.11.*"]}}
    done = attempt(carrying(test, depends=("python",)), others)
    assert done.outcomes == ["passed"], done.text
    assert [line for line in done.log if line == "pip check"] == ["pip check"] * 2
    assert sum("python 3.10.2" in line for line in done.log) == 1


def test_an_import_that_fails_is_told_and_pip_is_not_asked(attempt: Try) -> None:
    others = [python(), program("pip", "echo asked")]
    done = attempt(carrying({"python": {"imports": ["no_such_module"]}}, depends=("python",)), others)
    told = "ModuleNotFoundError: No module named 'no_such_module' (exited with status 1)"
    assert done.result.tests[0].message == told
    assert "asked" not in done.log


def test_pip_check_counts(attempt: Try) -> None:
    others = [python(), program("pip", "echo 'toy 1 requires x'; exit 1")]
    test = {"python": {"imports": ["json"]}}
    spared = {"python": {"imports": ["json"], "pip_check": False}}
    assert attempt(carrying(test, spared, depends=("python",)), others).outcomes == ["failed", "passed"]


@pytest.mark.parametrize(
    ("test", "package", "binary", "line"),
    [
        ({"perl": {"uses": ["Test::More"]}}, "perl", "perl", "use Test::More;"),
        ({"r": {"libraries": ["stats"]}}, "r-base", "Rscript", "library(stats)"),
        ({"ruby": {"requires": ["json"]}}, "ruby", "ruby", "require 'json'"),
    ],
)
def test_modules_of_other_languages_are_loaded_by_an_interpreter_that_comes_by_itself(
    attempt: Try, test: dict[str, object], package: str, binary: str, line: str
) -> None:
    interpreter = program(package, f'grep -qxF "{line}" "$1"', program=binary)
    assert attempt(carrying(test), [interpreter]).outcomes == ["passed"]
    assert attempt(carrying(test), []).outcomes == ["passed"], "the channel keeps it"


def test_perl_itself_loads_what_is_there_and_fails_for_what_is_not(attempt: Try) -> None:
    perl = program("perl", 'exec /usr/bin/perl "$@"')
    if not Path("/usr/bin/perl").exists():
        pytest.skip("no Perl here")
    done = attempt(carrying({"perl": {"uses": ["strict", "Text::Wrap"]}}, {"perl": {"uses": ["No::Such"]}}), [perl])
    assert done.outcomes == ["passed", "failed"]
    assert "No/Such.pm" in done.result.tests[1].message


def test_package_contents_are_looked_at_without_an_environment(attempt: Try) -> None:
    good = {"package_contents": {"bin": ["toy"], "files": {"exists": ["share/*"], "not_exists": ["*.la"]}}}
    bad = {"package_contents": {"lib": ["toy"]}}
    done = attempt(carrying(good, bad, files={"bin/toy": b"x", "share/a": b"y"}, depends=("nowhere",)))
    assert done.outcomes == ["passed", "failed"]
    assert done.result.tests[1].message == "lib: nothing is like lib/{,lib}toy.so or lib/{,lib}toy.so.*"


def user(*tests: object, version: str = "1.0", depends: tuple[str, ...] = ("toy",)) -> Package:
    return carrying(*tests, name="user", version=version, depends=depends)


def test_a_downstream_test_runs_the_dependents_tests_beside_this_very_file(attempt: Try) -> None:
    older = program("toy", "echo old", version="9.0")
    dependent = user(commands('test "$(toy)" = new', 'test "$PKG_NAME" = user'))
    package = carrying({"downstream": "user"}, files={"bin/toy": b"#!/bin/sh\necho new\n"})
    assert attempt(package, [older, dependent]).outcomes == ["passed"]


def test_a_dependent_whose_tests_fail_fails_the_package(attempt: Try) -> None:
    done = attempt(carrying({"downstream": "user"}), [user(commands("echo 'FAILED: sum'; exit 1"))])
    assert done.result.message == "0 of 1 tests passed; test 1 (downstream): FAILED: sum (exited with status 1)"


def test_a_dependent_that_cannot_be_installed_beside_the_package_is_unsolvable(attempt: Try) -> None:
    done = attempt(carrying({"downstream": "user"}), [user(commands("true"), depends=("toy >=2",))])
    assert done.result.outcome == "unsolvable"
    assert "toy >=2" in done.result.message


def test_a_dependent_without_tests_says_nothing(attempt: Try) -> None:
    done = attempt(carrying({"downstream": "user"}, commands("true")), [user()])
    assert done.outcomes == ["no_tests", "passed"]
    assert done.result.outcome == "passed"
    assert attempt(carrying({"downstream": "user"}), [user()]).result.outcome == "no_tests"


def test_a_dependents_own_versions_of_python_do_not_count_here(attempt: Try) -> None:
    test = {"python": {"imports": ["json"], "pip_check": False, "python_version": ["3.10.*", "3.12.*"]}}
    done = attempt(carrying({"downstream": "user"}), [user(test, depends=("toy", "python")), python()])
    assert done.outcomes == ["passed"], done.text


def test_cases_of_pytest_are_counted_and_the_failing_are_named(attempt: Try) -> None:
    at = "etc/conda/test-files/toy/0"
    code = (
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert 1 == 2, 'one is not two'\n"
        "@pytest.mark.skip(reason='no screen')\ndef test_window(): pass\n"
    )
    test = commands("python -m pytest -q -p no:cacheprovider test_toy.py", cwd=at)
    done = attempt(carrying(test, files={f"{at}/test_toy.py": code.encode()}, depends=("python",)), [python()])
    (end,) = done.result.tests
    assert (end.outcome, end.passed, end.failed, end.skipped) == ("failed", 1, 1, 1), done.text
    assert [(case.name, case.where) for case in end.failing] == [("test_toy::test_bad", "test_toy.py:3")]
    assert "one is not two" in end.failing[0].message
    listed = json.loads(gzip.decompress(Path(end.cases).read_bytes()))
    assert [(case["name"], case["outcome"]) for case in listed] == [
        ("test_toy::test_good", "passed"), ("test_toy::test_bad", "failed"), ("test_toy::test_window", "not_runnable")
    ]  # fmt: skip
    assert "one is not two" in done.log[end.line - 1]


def test_options_that_the_recipe_gives_to_pytest_are_kept(attempt: Try) -> None:
    at = "etc/conda/test-files/toy/0"
    code = b"def test_slow(): assert False\ndef test_fast(): pass\n"
    test = commands(
        "python -m pytest --noconftest test_toy.py", cwd=at, env={"PYTEST_ADDOPTS": "-k fast -p no:cacheprovider"}
    )
    done = attempt(carrying(test, files={f"{at}/test_toy.py": code}, depends=("python",)), [python()])
    assert (done.outcomes, done.result.tests[0].passed) == (["passed"], 1), done.text


def test_a_pytest_that_writes_no_cases_is_run_as_it_wants(attempt: Try) -> None:
    at = "etc/conda/test-files/toy/0"
    test = commands("python -m pytest -p no:junitxml -p no:cacheprovider test_toy.py", cwd=at)
    files = {f"{at}/test_toy.py": b"def test_good(): pass\n"}
    done = attempt(carrying(test, files=files, depends=("python",)), [python()])
    assert (done.outcomes, done.result.tests[0].passed) == (["passed"], 0), done.text


def test_cases_of_several_pytests_in_one_script_are_all_counted(attempt: Try) -> None:
    at = "etc/conda/test-files/toy/0"
    lines = [f"python -m pytest {quiet} -p no:cacheprovider test_{name}.py" for name, quiet in (("a", "-q"), ("b", ""))]
    files = {f"{at}/test_{name}.py": b"def test_x(): pass\ndef test_y(): pass\n" for name in "ab"}
    done = attempt(carrying(commands(*lines, lines[0], cwd=at), files=files, depends=("python",)), [python()])
    assert (done.outcomes, done.result.tests[0].passed) == (["passed"], 6), done.text


def test_any_runner_may_leave_its_cases(attempt: Try) -> None:
    junit = '<testsuite><testcase classname="c" name="a" time="0.5"/><testcase classname="c" name="b"/></testsuite>'
    done = attempt(carrying(commands(f"echo '{junit}' > $FARM_TEST_REPORTS/mine.xml")))
    assert (done.outcomes, done.result.tests[0].passed) == (["passed"], 2)


def test_a_swallowed_exit_status_does_not_hide_a_failed_case(attempt: Try) -> None:
    junit = '<testsuite><testcase classname="c" name="a"><failure message="no"/></testcase></testsuite>'
    done = attempt(carrying(commands(f"echo '{junit}' > $FARM_TEST_REPORTS/mine.xml || true")))
    assert done.outcomes == ["failed"]
    assert done.result.tests[0].message == "1 of 1 cases failed, though the exit status is 0: c::a"


def test_good_cases_do_not_hide_a_bad_exit_status(attempt: Try) -> None:
    junit = '<testsuite><testcase classname="c" name="a"/></testsuite>'
    done = attempt(carrying(commands(f"echo '{junit}' > $FARM_TEST_REPORTS/mine.xml", "echo 'error: late'; exit 2")))
    assert (done.outcomes, done.result.tests[0].passed) == (["failed"], 1)


def test_hostile_reports_cost_a_line_of_the_log(attempt: Try) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><testsuite>&b;</testsuite>'
    lines = (
        f"echo '{bomb}' > $FARM_TEST_REPORTS/bomb.xml",
        "truncate -s 1G $FARM_TEST_REPORTS/large.xml",
        "ln -s /etc/passwd $FARM_TEST_REPORTS/link.xml",
        "mkfifo $FARM_TEST_REPORTS/pipe.xml",
        "echo '<testsuite><testcase' > $FARM_TEST_REPORTS/cut.xml",
        "echo '<testsuite><testcase name=\"fine\"/></testsuite>' > $FARM_TEST_REPORTS/whole.xml",
    )
    done = attempt(carrying(commands(*lines)))
    assert (done.outcomes, done.result.tests[0].passed) == (["passed"], 1)
    told = [line for line in done.log if "no list of cases" in line]
    assert [line.split()[1] for line in told] == ["bomb.xml", "cut.xml", "large.xml", "link.xml", "pipe.xml"]


def test_no_more_failing_cases_are_told_of_a_run_than_the_contract_takes(attempt: Try) -> None:
    assert events.MOST_FAILING == reports.MOST_FAILING
    loop = 'for i in $(seq 80); do echo "<testcase name=\\"t$i\\"><failure/></testcase>"; done'
    one = commands("set +x", f"(echo '<s>'; {loop}; echo '</s>') > $FARM_TEST_REPORTS/a.xml")
    done = attempt(carrying(one, one))
    assert [len(test.failing) for test in done.result.tests] == [80, 20]
    assert [test.failed for test in done.result.tests] == [80, 80]


def test_what_a_test_leaves_running_is_gone_before_the_next(attempt: Try) -> None:
    done = attempt(carrying(commands("sleep 54372 & true"), commands("! pgrep -f 'sleep 5437[2]'")))
    assert done.outcomes == ["passed", "passed"], done.text


def test_a_package_that_cannot_be_unpacked_is_at_fault_itself(tmp_path: Path, cache: Path) -> None:
    package = carrying(commands("true"), files={"share/a": os.urandom(20_000)})
    path = package.write(tmp_path / "package")
    data = bytearray(path.read_bytes())
    at = data.index(b"pkg-toy-1.0-h0_0.tar.zst") + 2000
    data[at : at + 500] = bytes(500)
    path.write_bytes(bytes(data))
    done = checked(path, tmp_path / "run", (channel_of(tmp_path / "channel"),))
    assert done.outcomes == ["failed"]
    assert "cannot be unpacked" in done.result.message


def test_a_channel_that_is_away_is_nobodys_recipes_fault(tmp_path: Path, cache: Path) -> None:
    path = carrying(commands("true")).write(tmp_path / "package")
    done = checked(path, tmp_path / "run", ("http://127.0.0.1:1/channel",))
    assert done.result.outcome == "infrastructure"
    assert "The channels could not be read" in done.result.message


def test_a_requirement_that_is_none_fails_the_test_that_asks_for_it(attempt: Try) -> None:
    done = attempt(carrying({**commands("true"), "requirements": {"run": ["=>=<3"]}}, commands("true")))
    assert done.outcomes == ["failed", "passed"]


def test_of_two_files_of_one_name_the_one_under_test_is_tested(attempt: Try) -> None:
    def toy(says: str, **index: int) -> Package:
        files = {"bin/toy": f"#!/bin/sh\necho {says}\n".encode()}
        return carrying(commands(f'test "$(toy)" = {says}'), files=files, index=index)

    theirs = toy("theirs", timestamp=1_900_000_000_000)
    assert attempt(toy("ours"), [theirs]).outcomes == ["passed"], "though theirs is newer"
    assert attempt(theirs, [toy("ours")]).outcomes == ["passed"], "though the cache has ours"
    assert attempt(toy("ours"), [theirs]).outcomes == ["passed"]
