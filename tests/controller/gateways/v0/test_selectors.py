import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.gateways.v0.contexts import Names
from controller.gateways.v0.faults import TooLargeError, V0Error
from controller.gateways.v0.platforms import platform_names
from controller.gateways.v0.selectors import holds, names_in, select, split

LINUX = {"linux": True, "py": 312, "osx": False, "target_platform": "linux-64", "blas": "mkl"}
OF_CONDA_BUILD = re.compile(r"(.+?)\s*(#.*)?\[([^\[\]]+)\](?(2)[^\(\)]*)$")


def test_a_line_is_kept_where_its_selector_holds_and_dropped_elsewhere() -> None:
    text = "- a  # [linux]\n- b  # [osx]\n- c\n"
    assert select(text, LINUX).text == "- a\n- c\n"
    assert select(text, LINUX).lines == (1, 3)


@pytest.mark.parametrize(
    ("line", "kept", "selector"),
    [
        ("- a  # [linux]", "- a", "linux"),
        ("- a  # why [linux] and more", "- a", "linux"),
        ("- a [linux]", "- a", "linux"),
        ("- 'a'  # [linux]'", "- 'a''", "linux"),
        ('- "a  # [py == 312]"', '- "a"', "py == 312"),
        ("- a  # see [the page](https://example.org)", "- a  # see [the page](https://example.org)", ""),
        ("- a[0]b", "- a[0]b", ""),
        ("- x[1]  # first [osx] then [linux]", "- x[1]", "linux"),
        ("- a  # [environ.get('X') == '1']", "- a", "environ.get('X') == '1'"),
        ("- a  # []", "- a  # []", ""),
        ("[linux]", "[linux]", ""),
    ],
)
def test_a_selector_stands_at_the_end_of_a_line_or_within_its_comment(line: str, kept: str, selector: str) -> None:
    (found,) = split(line)
    assert (found.text, found.selector) == (kept, selector)


def test_a_line_of_comment_alone_is_empty_whatever_it_says() -> None:
    assert [(line.text, line.selector) for line in split("  # - a  # [no such thing at all!]\n- b")] == [
        ("", ""),
        ("- b", ""),
    ]


def test_lines_are_counted_as_editors_count_them_and_broken_as_conda_build_breaks_them() -> None:
    found = split("a\r\nb\rc\x0cd\u2028e\nf")
    assert [(line.number, line.text) for line in found] == [
        (1, "a"), (2, "b"), (3, "c"), (3, "d"), (3, "e"), (4, "f"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("linux and py >= 310", True),
        ("not linux or py<310", False),
        ("blas == 'mkl'", True),
        ("nobody_knows_this", False),
        ("py in (27, 312)", True),
        ("target_platform.startswith('linux')", True),
        ("target_platform[:5] == 'linux'", True),
        ("target_platform.split('-')[1] == '64'", True),
        ("int('3') == 3 and len(blas) == 3", True),
        ("linux if py else osx", True),
        ("any([osx, linux])", True),
        ("target_platform is not None", True),
        ("blas is 'mk' + 'l' or True", True),
        ("py == 300 + 12", True),
        (" linux ", True),
    ],
)
def test_a_selector_is_an_expression_of_names(selector: str, *, expected: bool) -> None:
    assert holds(selector, LINUX) is expected


@pytest.mark.parametrize(
    ("selector", "sentence"),
    [
        ("linux and", "the selector [linux and] is no expression."),
        ("a b", "the selector [a b] is no expression."),
        ("py < 'x'", "the selector [py < 'x'] fails: '<' not supported between instances of 'int' and 'str'."),
        ("__import__('os')", "the selector [__import__('os')] does more than compare names."),
        ("().__class__", "the selector [().__class__] does more than compare names."),
        ("blas.format(1)", "the selector [blas.format(1)] does more than compare names."),
        ("2 ** 99999", "the selector [2 ** 99999] does more than compare names."),
        ("'a' * 99999", "the selector ['a' * 99999] does more than compare names."),
        ("(lambda: 1)()", "the selector [(lambda: 1)()] does more than compare names."),
        ("(x := 1)", "the selector [(x := 1)] does more than compare names."),
        ("f'{py}'", "the selector [f'{py}'] does more than compare names."),
        ("linux\0", "the selector [linux\0] is no expression."),
    ],
)
def test_what_is_no_selector_is_said_with_its_line(selector: str, sentence: str) -> None:
    with pytest.raises(V0Error) as raised:
        holds(selector, LINUX, 7)
    assert (raised.value.what, raised.value.line) == (sentence, 7)
    assert raised.value.remedy


@pytest.mark.parametrize(
    "selector", ["x or " * 2_000 + "x", "(" * 400 + ")" * 400, "not " * 240 + "x", "-" * 900 + "1"]
)
def test_a_selector_without_end_is_refused_or_answered_at_once(selector: str) -> None:
    assert answer(selector) in {True, False, None}


def test_a_selector_longer_than_any_recipe_needs_is_too_large() -> None:
    with pytest.raises(TooLargeError, match="1001 characters"):
        names_in("x" * 1_001)


@pytest.mark.timeout(5)
@pytest.mark.parametrize("unit", ["#", "[", "#[a]", "#[a](", " ", "# ", "[a", "]", "\\'[", "a[b]#"])
@pytest.mark.parametrize("end", ["", "(", "[linux]", "]", '"'])
def test_a_long_line_takes_no_longer_than_its_length(unit: str, end: str) -> None:
    assert len(split("x" + unit * (100_000 // len(unit)) + end)) == 1


LINES = st.text(alphabet="ab #[]()'\"\t-", max_size=14)


@given(LINES)
def test_selectors_stand_where_the_pattern_of_conda_build_finds_them(text: str) -> None:
    line = text.rstrip()
    (found,) = split(text)
    if line.lstrip().startswith("#"):
        assert (found.text, found.selector) == ("", "")
        return
    expected = OF_CONDA_BUILD.match(line)
    if expected is None:
        assert (found.text, found.selector) == (line, "")
    else:
        quote = line[-1] if line[-1] in "'\"" else ""
        assert (found.text, found.selector) == ((expected[1] + quote).rstrip(), expected[3])


@dataclass(frozen=True)
class Tree:
    """An expression that knows its value without its text."""

    text: str
    value: Any


SYSTEMS = {"linux-64": "linux", "linux-aarch64": "linux", "osx-arm64": "osx", "osx-64": "osx", "win-64": "win"}
MACHINES = {"64": "x86_64", "aarch64": "aarch64", "arm64": "arm64"}


def facts(platform: str, python: str) -> dict[str, object]:
    """What conda-build's documentation says of a platform, written down a second time."""
    system, machine = SYSTEMS[platform], MACHINES[platform.split("-")[1]]
    return {
        "linux": system == "linux", "osx": system == "osx", "win": system == "win", "unix": system != "win",
        "x86_64": machine == "x86_64", "x86": machine == "x86_64", "aarch64": machine == "aarch64",
        "arm64": machine == "arm64", "linux64": platform == "linux-64", "win64": platform == "win-64", "win32": False,
        "ppc64le": False, "py": int(python.replace(".", "")), "py3k": True, "py2k": False, "py27": False,
        "target_platform": platform, "build_platform": platform, "nobody": False,
    }  # fmt: skip


def leaves(known: dict[str, object]) -> st.SearchStrategy[Tree]:
    names = st.sampled_from(sorted(name for name in known if isinstance(known[name], bool)))
    numbers = st.tuples(st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]), st.sampled_from([27, 38, 310, 312, 313]))
    platforms = st.sampled_from(sorted(SYSTEMS))
    return st.one_of(
        names.map(lambda name: Tree(name, known[name])),
        numbers.map(lambda pair: Tree(f"py{pair[0]}{pair[1]}", compared(int(str(known["py"])), *pair))),
        platforms.map(lambda other: Tree(f"target_platform == '{other}'", known["target_platform"] == other)),
    )


def compared(left: int, operator: str, right: int) -> bool:
    return {
        "<": left < right, "<=": left <= right, "==": left == right, "!=": left != right, ">=": left >= right,
        ">": left > right,
    }[operator]  # fmt: skip


def trees(known: dict[str, object]) -> st.SearchStrategy[Tree]:
    return st.recursive(
        leaves(known),
        lambda inner: st.one_of(
            inner.map(lambda of: Tree(f"not ({of.text})", not of.value)),
            st.tuples(inner, inner).map(lambda of: Tree(f"({of[0].text}) and ({of[1].text})", all_of(of))),
            st.tuples(inner, inner).map(lambda of: Tree(f"({of[0].text}) or ({of[1].text})", any_of(of))),
        ),
        max_leaves=8,
    )


def all_of(of: tuple[Tree, Tree]) -> bool:
    return bool(of[0].value) and bool(of[1].value)


def any_of(of: tuple[Tree, Tree]) -> bool:
    return bool(of[0].value) or bool(of[1].value)


@given(st.data(), st.sampled_from(sorted(SYSTEMS)), st.sampled_from(["3.8", "3.10", "3.12", "3.13"]))
def test_a_selector_holds_where_the_tree_that_it_writes_down_does(
    data: st.DataObject, platform: str, python: str
) -> None:
    tree = data.draw(trees(facts(platform, python)))
    names = Names(platform, {"python": python}).for_selectors(names_in(tree.text))
    assert holds(tree.text, names) is bool(tree.value)


@given(
    st.lists(
        st.tuples(st.sampled_from(["- a", "b:", "  c: d", ""]), st.sampled_from(["", "linux", "not linux", "py<300"])),
        min_size=1,
    )
)
def test_what_is_kept_is_exactly_the_lines_whose_selectors_hold(rows: list[tuple[str, str]]) -> None:
    written = [f"{text}  # [{selector}]" if selector else text for text, selector in rows]
    kept = [
        (number, text if text or not selector else "")
        for number, (text, selector) in enumerate(rows, 1)
        if not selector or not text or holds(selector, LINUX)
    ]
    found = select("".join(f"{line}\n" for line in written), LINUX)
    assert list(zip(found.lines, found.text.split("\n"), strict=False)) == kept


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_any_text_in_brackets_is_answered_or_refused(text: str) -> None:
    assert answer(text) in {True, False, None}


def answer(selector: str) -> bool | None:
    """Whether it holds; None if it is refused."""
    try:
        return holds(selector, platform_names("linux-64"))
    except V0Error:
        return None
