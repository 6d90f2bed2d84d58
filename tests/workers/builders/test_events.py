import os
from pathlib import Path

from workers.builders.events import BuiltFile, CaseEnd, Line, PhaseStart, Result, Speaker, TestEnd, parse

RESULT = Result(
    "failed",
    "test",
    "1 of 2",
    (BuiltFile("a-1-0.conda", "noarch", "/x/a"),),
    (TestEnd(0, "python", "failed", 0.1, "m", 3, 1, 2, 0, (CaseEnd("a", "failed", 0.5, "no", "b:1"),), "/x/cases"),),
)


def said(tmp_path: Path, speak: object) -> list[str]:
    with (tmp_path / "said").open("wb") as file:
        speak(Speaker(file.fileno()))  # type: ignore[operator]
    return (tmp_path / "said").read_text().splitlines()


def test_what_is_said_is_heard(tmp_path: Path) -> None:
    def speak(speaker: Speaker) -> None:
        speaker.phase("build")
        speaker.log("one\ntwo")
        speaker.result(RESULT)

    assert [parse(line) for line in said(tmp_path, speak)] == [PhaseStart("build"), Line("one\ntwo"), RESULT]


def test_a_phase_that_goes_on_is_said_once(tmp_path: Path) -> None:
    def speak(speaker: Speaker) -> None:
        for name in ("solve", "build", "build", "solve"):
            speaker.phase(name)

    assert len(said(tmp_path, speak)) == 3


def test_a_long_line_comes_in_pieces(tmp_path: Path) -> None:
    text = "é" * 100_000
    lines = said(tmp_path, lambda speaker: speaker.log(text))
    assert len(lines) > 1
    assert "".join(parse(line).text for line in lines) == text  # type: ignore[union-attr]


def test_a_child_counts_the_lines_that_it_speaks(tmp_path: Path) -> None:
    counted: list[int] = []

    def speak(speaker: Speaker) -> None:
        for text in ("one", "two\nthree", "x" * 40_000, ""):
            speaker.log(text)
            counted.append(speaker.lines)

    heard = [parse(line) for line in said(tmp_path, speak)]
    assert counted == [1, 3, 5, 6]
    assert sum(line.lines for line in heard if isinstance(line, Line) and line.spoken) == 6
    assert not parse("stray").spoken  # type: ignore[union-attr]


def test_whatever_is_no_event_is_a_line_of_the_log() -> None:
    for line in ("plain", '{"event": "result"}', '{"event": "phase"', '{"event": 3, "x": 1}', '{"other": 1}'):
        assert parse(line) == Line(line) or line.startswith('{"event": 3')


def test_what_others_print_goes_to_standard_error() -> None:
    code = (
        "from workers.builders.events import Speaker\n"
        "import os\n"
        "speaker = Speaker.on_standard_output()\n"
        "print('stray'); os.write(1, b'native')\n"
        "speaker.phase('x')\n"
    )
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert [parse(line) for line in done.stdout.splitlines()] == [PhaseStart("x")]
    assert "stray" in done.stderr
    assert "native" in done.stderr
