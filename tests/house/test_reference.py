"""The pages of docs/reference say what the code says."""

import re
from pathlib import Path

import pytest

from controller.cli import output
from controller.cli.reference import _EXIT_CODES, pages, write

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGES = pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_what_would_be_made_now(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], "run: make reference"


def test_no_page_is_left_over() -> None:
    assert {path.name for path in FOLDER.glob("*.md") if "Made by" in path.read_text(encoding="utf-8")} == set(PAGES)


def test_every_exit_code_is_explained() -> None:
    used = {number for name, number in vars(output).items() if name.isupper() and isinstance(number, int)}
    assert set(_EXIT_CODES) == used - {output._WIDE}


def test_every_row_of_a_table_has_the_cells_of_its_head() -> None:
    for text in PAGES.values():
        for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
            assert len({line.count("|") for line in table.splitlines()}) == 1, table


def test_the_page_of_commands_has_every_one_of_them_with_help_for_every_word() -> None:
    text = PAGES["cli.md"]
    assert {"## farm up", "## farm push", "## farm batch promote", "## farm worker run"} <= set(text.splitlines())
    assert "| None |" not in text
    assert "[bold]" not in text


def test_writing_makes_the_same_bytes_each_time(tmp_path: Path) -> None:
    write(tmp_path)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == PAGES
