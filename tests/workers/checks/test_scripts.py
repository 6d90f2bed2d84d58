"""The shell scripts that are written around a test's own; those for Windows are looked at, not run, elsewhere."""

from pathlib import Path

import pytest

from tests.kit.orders import HERE
from workers.checks import scripts
from workers.checks.definitions import Script
from workers.checks.environments import Environment
from workers.checks.variables import Scene


def scene(folder: Path, subdir: str) -> Scene:
    for name, system in (("env", "posix"), ("tools", "posix"), ("env", "windows")):
        activate = folder / name / "etc" / "conda" / "activate.d"
        activate.mkdir(parents=True, exist_ok=True)
        (activate / ("x.bat" if system == "windows" else "x.sh")).write_text("")
    environment, tools = (Environment(folder / name, ()) for name in ("env", "tools"))
    return Scene(environment, tools, folder / "a work", folder, folder, folder, subdir)


def written(folder: Path, script: Script, subdir: str = HERE) -> list[str]:
    return scripts._wrapper(scripts.Job(script, scene(folder, subdir), {}, {}, folder)).splitlines()


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "WINDOWS", True)


def test_bash_stops_at_the_first_failure_and_shows_what_it_runs(tmp_path: Path) -> None:
    lines = written(tmp_path, Script(commands=("one", "two")))
    assert lines[0] == "set -e"
    assert lines[-3:] == ["set -x", "one", "two"]
    sourced = [line for line in lines if line.startswith(". ")]
    assert sourced == [f". {tmp_path}/{name}/etc/conda/activate.d/x.sh" for name in ("env", "tools")]


def test_the_path_holds_each_environment_once_and_the_tools_first(tmp_path: Path) -> None:
    paths = [line for line in written(tmp_path, Script("x")) if line.startswith("export PATH=")]
    assert [line.count(str(tmp_path)) for line in paths] == [1, 1]
    assert f"{tmp_path}/tools/bin" in paths[1], "which comes before what is then ${PATH}"
    assert "::" not in paths[0]


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (Script("x", interpreter="python"), "python {}/script.py"),
        (Script("x", interpreter="rscript"), "Rscript {}/script.R"),
        (Script("x", interpreter="nodejs"), "node {}/script.js"),
        (Script("x", interpreter="powershell"), "pwsh -NoLogo -NoProfile {}/script.ps1"),
        (Script(file="run_test.py", interpreter="python", options=("-s",)), "python -s '{}/a work/run_test.py'"),
        (Script(file="run_test.sh", interpreter="bash", options=("-e",)), "bash -e '{}/a work/run_test.sh'"),
    ],
)
def test_other_interpreters_are_given_a_file(tmp_path: Path, script: Script, line: str) -> None:
    assert written(tmp_path, script)[-1] == line.format(tmp_path)


def test_cmd_looks_at_the_error_level_after_each_command(tmp_path: Path, windows: None) -> None:
    lines = written(tmp_path, Script(commands=("one", "two")), "win-64")
    check = "@if %errorlevel% neq 0 exit /b %errorlevel%"
    assert lines[-6:] == ["@(call )", "@echo on", "one", check, "two", check]
    called = [line for line in lines if line.startswith("@CALL")]
    assert len(called) == 1
    assert called[0].replace("\\", "/").endswith('env/etc/conda/activate.d/x.bat"')


def test_scripts_of_windows_and_of_others_are_called_by_cmd(tmp_path: Path, windows: None) -> None:
    assert written(tmp_path, Script("one\ntwo"), "win-64")[-2:] == ["one", "two"]
    file = written(tmp_path, Script(file="run_test.bat", interpreter="cmd"), "win-64")[-1]
    assert file == f'call "{tmp_path / "a work" / "run_test.bat"}"'
    bash = written(tmp_path, Script("x", interpreter="bash"), "win-64")[-1]
    assert bash == f'bash "{tmp_path / "script.sh"}"'


def test_a_script_of_windows_is_refused_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(scripts.NotHereError):
        written(tmp_path, Script("x", interpreter="cmd"))
