"""How answers look, and which error ends with which code."""

import pytest

from controller.cli import output
from controller.domain import errors
from controller.domain.errors import FarmError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FarmError)]
SPECIAL = {"not_permitted": 4, "not_found": 5, "gate_refused": 6, "invalid_input": 2}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_error_has_its_exit_code_and_says_what_and_what_next(
    kind: type[FarmError], capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise kind("It [bold]broke[/bold].", remedy="Mend it.")

    with pytest.raises(SystemExit) as end:
        output.guarded(fail)
    assert end.value.code == SPECIAL.get(kind.code, 1)
    said = capsys.readouterr()
    assert said.out == ""
    assert "error: It [bold]broke[/bold]." in said.err
    assert "next: Mend it." in said.err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b]0;title\x07b", "a]0;titleb"),
        ("over\rwritten\x08", "overwritten"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("\x9b2Jgone", "2Jgone"),
        ("grün → 日本", "grün → 日本"),
    ],
)
def test_what_a_log_says_cannot_steer_a_terminal(text: str, shown: str) -> None:
    assert output.plain(text) == shown


def test_a_piped_table_has_one_line_a_row_however_long_and_no_trailing_blanks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.table(("NAME", "WHY"), [("a", "x" * 500), ("[red]b", None), ("passed", "")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[1] == "a       " + "x" * 500
    assert lines[2] == "[red]b"
    assert lines[3] == "passed"


def test_numbers_agree_with_their_words() -> None:
    assert [output.counted(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


def test_a_question_without_a_terminal_needs_a_yes(capsys: pytest.CaptureFixture[str]) -> None:
    output.confirm("Sure?", yes=True)
    with pytest.raises(errors.InvalidInputError, match="Sure"):
        output.confirm("Sure?", yes=False)
