"""The program as a shell sees it: exit codes, two streams, pipes that close, terminals that lack letters."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.services.farm import Farm
from tests.kit.farms import make_farm
from tests.kit.filled_farm import Filled, fill

from .serving import serving

FARM = (sys.executable, "-m", "controller.cli.entry")
ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Filled, Farm]]:
    farm = make_farm(tmp_path_factory.mktemp("day"))
    filled = fill(farm, farm.now.forward)  # type: ignore[attr-defined]
    with serving(farm) as url:
        yield url, filled, farm
    farm.close()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in an empty folder, with only the variables that are said."""

    def run(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        clean = {key: value for key, value in os.environ.items() if not key.startswith("FARM_")}
        return subprocess.run(
            [*FARM, *words], env=clean | {"PYTHONPATH": str(ROOT)} | variables, cwd=tmp_path, capture_output=True,
            text=True, stdin=subprocess.DEVNULL, check=False, encoding="utf-8",
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("words", "token", "code"),
    [
        (["batch", "list"], "", 0),
        (["batch", "cancel", "{promoted}", "-y"], "admin-secret", 1),
        (["batch", "cancel", "{batch}"], "admin-secret", 2),
        (["batch", "cancel", "{batch}", "-y"], "", 4),
        (["batch", "view", "B-99"], "", 5),
        (["batch", "watch", "{settled}", "--exit-status"], "", 8),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
def test_exit_codes_reach_the_shell_and_errors_never_stdout(
    run: Run, day: tuple[str, Filled, Farm], words: list[str], token: str, code: int
) -> None:
    url, filled, _ = day
    names = {"batch": filled.batch, "settled": filled.settled, "promoted": filled.promoted}
    done = run(*(word.format(**names) for word in words), FARM_SERVER=url, FARM_TOKEN=token)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    if code:
        assert done.stdout == ""
        assert done.stderr


def test_a_pipe_that_lacks_a_letter_gets_the_rest_and_json_gets_all(run: Run, day: tuple[str, Filled, Farm]) -> None:
    poor = {"FARM_SERVER": day[0], "PYTHONIOENCODING": "ascii"}
    assert "mkl 2025.3 ? 2026.1" in run("batch", "view", day[1].batch, **poor).stdout
    found = run("batch", "view", day[1].batch, "-o", "json", **poor)
    assert json.loads(found.stdout)["title"] == "mkl 2025.3 → 2026.1"


def test_a_reader_that_goes_away_gets_no_traceback(day: tuple[str, Filled, Farm], tmp_path: Path) -> None:
    job = day[1].jobs["build pytorch linux-64"]
    with subprocess.Popen(
        [*FARM, "--server", day[0], "job", "logs", job], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_nothing_is_coloured_when_piped(run: Run, day: tuple[str, Filled, Farm]) -> None:
    done = run("status", FARM_SERVER=day[0])
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr


def test_a_second_farm_on_one_folder_names_the_first(run: Run, tmp_path: Path) -> None:
    from controller.cli.data_folder import held

    with held(tmp_path / "data"):
        done = run("up", "--data", str(tmp_path / "data"), "--port", "0", "--no-workers")
    assert done.returncode == 1
    assert f"in use by process {os.getpid()}" in done.stderr
    assert "--data" in done.stderr
