"""The quick way to read YAML says the same as the loader, or says that it cannot."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from controller.gateways.v0.documents import _Loader
from controller.gateways.v0.plain_yaml import NotPlainError, read_plain

WORDS = st.sampled_from(
    ["yes", "No", "off", "~", "null", "1.10", "2020-01-01", "0x1f", "=", "a b", "x", "", ".5", "1e3"]
)
QUOTED = st.builds(lambda word, quote: quote + word + quote, WORDS, st.sampled_from(["", "'", '"']))
VALUES = st.recursive(
    QUOTED,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: "[" + ", ".join(parts) + "]")
        | st.lists(st.tuples(st.sampled_from("abcd"), inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=12,
)
LINES = st.lists(st.tuples(st.sampled_from(["a", "b", "on", "'c'", "1"]), VALUES), min_size=1, max_size=5)


@given(LINES)
@example([("a", "'1.10'"), ("a", "1.10")])
def test_what_is_plain_is_read_as_the_loader_reads_it(lines: list[tuple[str, str]]) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in lines)
    try:
        expected = yaml.load(text, Loader=_Loader)  # noqa: S506 -- a safe loader with fewer resolvers
    except yaml.YAMLError:
        with pytest.raises(yaml.YAMLError):
            read_plain(text, 40)
        return
    assert read_plain(text, 40) == expected


@pytest.mark.parametrize(
    "text",
    ["a: &x 1", "a: [*x]", "a: !!str 1", "<<: {a: 1}", "? [a]\n: 1", "a: 1\n---\nb: 2", "a: " + "[" * 41 + "]" * 41],
)
def test_what_is_not_plain_is_left_to_the_loader(text: str) -> None:
    with pytest.raises(NotPlainError):
        read_plain(text, 40)


def test_no_depth_of_nesting_takes_the_process_down() -> None:
    for text in ("a: " + "[" * 100_000, "a: " + "{x: " * 100_000, "- " * 100_000):
        with pytest.raises((NotPlainError, yaml.YAMLError)):
            read_plain(text, 40)


def test_a_fault_has_its_line() -> None:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        read_plain("a: 1\nb: [\nc: }\n", 40)
    assert caught.value.problem_mark is not None
    assert caught.value.problem_mark.line == 2
