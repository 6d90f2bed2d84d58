from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from controller.gateways.v0.documents import finished, read_data, read_yaml
from controller.gateways.v0.faults import TooLargeError, V0Error


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("package:\n" + " [\n" * 50_000, 42),
        ("a: " + "{a: " * 3_000, 1),
        ("a:\n" + " {a:\n" * 30_000, 42),
        ("- " * 50_000 + "x", 1),
        ("? " * 3_000 + "x", 1),
        ("".join(" " * depth + "a:\n" for depth in range(1_400)), 41),
        ("".join(" " * depth + "-\n" for depth in range(1_000)), 41),
        ("".join(" " * 16 * depth + "- " * 7 + "-\n" for depth in range(150)), 6),
    ],
)
def test_nesting_without_end_is_refused_before_it_ends_the_process(text: str, line: int) -> None:
    with pytest.raises(TooLargeError, match="nested too deeply") as raised:
        read_yaml(text)
    assert abs((raised.value.line or 0) - line) <= 2


def test_brackets_in_scripts_are_no_nesting() -> None:
    script = "sed 's/[[]/{/' x\n"
    assert read_yaml("build:\n  script: |\n" + f"    {script}" * 100)["build"]["script"] == script * 100


def test_numbers_and_dates_stay_the_text_that_was_written() -> None:
    text = "a: 1.10\nb: 2020-01-01\nc: 0x10\nd: 1e5\ne: 12:30:45\nf: =\ng: 0777\n"
    assert read_yaml(text) == snapshot(
        {"a": "1.10", "b": "2020-01-01", "c": "0x10", "d": "1e5", "e": "12:30:45", "f": "=", "g": "0777"}
    )


def test_flags_and_nothing_are_what_yaml_says_they_are() -> None:
    assert read_yaml("a: yes\nb: False\nc: ~\nd:\ne: 'yes'\n") == snapshot(
        {"a": True, "b": False, "c": None, "d": None, "e": "yes"}
    )


@pytest.mark.parametrize("tag", ["int", "float", "timestamp", "binary", "value", "str"])
def test_a_tag_of_a_number_makes_no_number(tag: str) -> None:
    assert read_yaml(f"a: !!{tag} 'x'\n") == {"a": "x"}


def test_what_a_merge_brings_in_yields_to_the_mappings_own_entries_and_the_first_of_several_wins() -> None:
    text = "a: &a {x: 1, y: 1}\nb: {<<: *a, x: 2}\nc:\n  <<: [{x: 5}, *a]\n  z: 1\nd:\n  y: 2\n  <<: *a\n"
    assert read_yaml(text) == snapshot(
        {
            "a": {"x": "1", "y": "1"},
            "b": {"x": "2", "y": "1"},
            "c": {"x": "5", "y": "1", "z": "1"},
            "d": {"x": "1", "y": "2"},
        }
    )


MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n}\n  <<: [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
WIDE = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(3_000)) + "}\nb:\n  <<: [" + ", ".join(["*a"] * 9_000) + "]\n"
LAUGHS = "b0: &b0 [x, x]\n" + "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 9)}]\n" for n in range(1, 8))


@pytest.mark.parametrize("bomb", [MERGES, WIDE, LAUGHS, "a: &a {b: *a}\n", "a: &a [*a, *a]\n"])
def test_a_document_that_names_itself_over_and_over_is_refused(bomb: str) -> None:
    with pytest.raises(TooLargeError):
        finished(read_yaml(bomb), str)
    with pytest.raises(TooLargeError):
        read_data(bomb)


def test_every_text_is_changed_keys_too_and_everything_else_is_text_or_a_flag() -> None:
    document = read_yaml("k: [a, {l: ~, m: yes}]\nn: &x {o: b}\np: *x\nq: !!set {c, d}\n")
    assert finished(document, str.upper) == snapshot(
        {"K": ["A", {"L": None, "M": True}], "N": {"O": "B"}, "P": {"O": "B"}, "Q": ["C", "D"]}
    )


def test_data_keeps_its_numbers() -> None:
    assert read_data("{a: 1, b: 1.5, c: [x]}") == {"a": 1, "b": 1.5, "c": ["x"]}


BROKEN = [
    "a: b: c\n", "a:\n  - b\n c: d\n", "a:\n\t- b\n", "a: @b\n", "a: 'b\nc: d\n", "a: b\nc\nd: e\n", "a: [b, c\nd: e\n",
    "a: *b\n", "a: *.py\n", "a: !b c\n", "a: !!bool maybe\n", "a: {<<: x}\n", "- a\n", "", "a: \ud800\n",
]  # fmt: skip


def said(text: str) -> str:
    with pytest.raises(V0Error) as raised:
        read_yaml(text)
    return f"{raised.value.line}: {raised.value.what}"


def test_what_is_no_yaml_is_said_in_words_that_its_writer_knows() -> None:
    assert {text: said(text) for text in BROKEN} == snapshot(
        {
            "a: b: c\n": "1: its YAML cannot be read: a second `: ` stands on the line; put the value in quotes.",
            """\
a:
  - b
 c: d
""": "3: its YAML cannot be read: the indentation is wrong, or a quote is open.",
            """\
a:
	- b
""": "2: its YAML cannot be read: a value starts with a tab, @, ` or %; use blanks, or quotes.",
            "a: @b\n": "1: its YAML cannot be read: a value starts with a tab, @, ` or %; use blanks, or quotes.",
            """\
a: 'b
c: d
""": "3: its YAML cannot be read: a quote is not closed.",
            """\
a: b
c
d: e
""": "3: its YAML cannot be read: a key is without its `:`, or a quote is not closed.",
            """\
a: [b, c
d: e
""": "2: its YAML cannot be read: a `[` or `{` is not closed; close it, or put the value in quotes.",
            "a: *b\n": "1: its YAML cannot be read: `*` starts a value that nothing is named after; put it in quotes.",
            "a: *.py\n": "1: its YAML cannot be read: `*` or `&` starts a value; put it in quotes.",
            "a: !b c\n": "1: its YAML cannot be read: `!` starts a value; put it in quotes.",
            "a: !!bool maybe\n": "None: its YAML cannot be read: a value does not go with its tag: 'maybe'.",
            "a: {<<: x}\n": "1: its YAML cannot be read: `<<` takes mappings alone.",
            "- a\n": "None: it holds no mapping.",
            "": "None: it holds no mapping.",
            "a: \ud800\n": "None: it holds half of a character (a surrogate).",
        }
    )


@given(st.text(alphabet="ab:-?[]{}&*!|>'\"#%@`~,.\\ \t\n1<=", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (lambda: finished(read_yaml(text), str), lambda: read_data(text)):
        line = line_of_refusal(read)
        assert line is None or 1 <= line <= text.count("\n") + 2


def line_of_refusal(read: Callable[[], object]) -> int | None:
    try:
        read()
    except V0Error as error:
        return error.line
    return None
