"""The way in: quick, kind to a machine that has only a worker."""

import importlib.util
import subprocess
import sys

import pytest

from controller.cli import entry
from workers.contract.version import __version__

from .conftest import Type

HEAVY = {
    "fastapi", "sqlmodel", "sqlalchemy", "uvicorn", "celery", "httpx2", "rattler", "rattler_build", "alembic", "jinja2",
}  # fmt: skip
HELP = """
import sys
from controller.cli.entry import main
sys.argv = ["farm", "--help"]
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def test_a_workers_installation_says_which_command_it_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "sqlmodel" else find(name))
    with pytest.raises(SystemExit) as end:
        entry.main()
    assert end.value.code == 2
    assert "farm-worker" in capsys.readouterr().err


def test_help_loads_no_database_no_web_server_and_no_builder() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    assert "batch" in done.stdout
    assert HEAVY & set(done.stderr.split()) == set()


@pytest.mark.parametrize("noun", ["batch", "job", "channel", "promotion", "worker"])
def test_every_noun_lists_its_verbs(typed: Type, noun: str) -> None:
    said = typed(noun, "--help")
    assert said.code == 0
    assert "Commands" in said.out


@pytest.mark.parametrize("words", [["batch", "list"], ["job", "view"], ["push"], ["plan"], ["promotion", "restore"]])
def test_every_command_that_asks_a_controller_lists_how_to_name_one(typed: Type, words: list[str]) -> None:
    said = typed(*words, "--help").out
    assert all(option in said for option in ("--server", "--data", "--token-file"))


def test_a_word_that_is_no_command_is_misuse(typed: Type) -> None:
    assert typed("batches").code == 2
    assert typed("batch", "view").code == 2


def test_the_version_is_said_and_can_be_read_by_programs(typed: Type) -> None:
    assert __version__ in typed("version").out
    assert f'"version": "{__version__}"' in typed("version", "-o", "json").out
    assert typed("version", "-o", "name").out == f"{__version__}\n"
