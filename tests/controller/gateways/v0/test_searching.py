import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.gateways.v0.faults import TooLargeError, V0Error
from controller.gateways.v0.searching import search


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(?:a?){60}a{60}$", "(a|aa)+$"])
@pytest.mark.timeout(20)
def test_a_pattern_that_would_take_for_ever_is_ended(pattern: str) -> None:
    with pytest.raises(TooLargeError, match=r"takes more than 0\.5 seconds"):
        search(pattern, "a" * 59 + "b", seconds=0.5)


def test_what_is_no_pattern_is_said() -> None:
    with pytest.raises(V0Error, match=r"'\(' is no pattern: missing \)"):
        search("(", "x")


def test_a_group_that_is_not_there_is_said() -> None:
    found = search("(?P<a>x)", "x")
    assert found is not None
    assert found.groupdict() == {"a": "x"}
    assert found.group("a", 0) == ("x", "x")
    for group in ("b", 2, -1):
        with pytest.raises(V0Error, match="has no group"):
            found.group(group)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([r"(\d+)\.(\d+)", "a(b)?", r"(?P<n>\w+)=", "é+", "$"]), st.text("ab1.2=é\n\udc80", max_size=20))
def test_a_search_finds_what_python_finds(pattern: str, text: str) -> None:
    expected, found = re.search(pattern, text), search(pattern, text)
    assert (found and (found[0], *found.groups())) == (expected and (expected[0], *expected.groups()))
