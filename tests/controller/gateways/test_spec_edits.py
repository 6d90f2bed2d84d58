"""Specs replaced in a recipe's text."""

import pytest

from controller.gateways.spec_edits import edited


@pytest.mark.parametrize(
    ("text", "old", "new", "becomes"),
    [
        ("    - mkl-devel 2025.*\n", "mkl-devel 2025.*", "mkl-devel 2026.*", "    - mkl-devel 2026.*\n"),
        ("- mkl-devel   2025.*  # [x86]\n", "mkl-devel 2025.*", "mkl-devel 2026.*", "- mkl-devel 2026.*  # [x86]\n"),
        ("host: [lib<2, other]", "lib <2", "lib <3", "host: [lib <3, other]"),
        ("- lib >=1,<2.0a0\n", "lib >=1,<2.0a0", "lib >=2,<3.0a0", "- lib >=2,<3.0a0\n"),
        ("- mylib <2\n- lib <2\n- lib <20\n", "lib <2", "lib <3", "- mylib <2\n- lib <3\n- lib <20\n"),
    ],
)  # fmt: skip
def test_a_spec_is_replaced_however_it_is_spaced_and_nothing_else(text: str, old: str, new: str, becomes: str) -> None:
    assert edited(text, [(old, new)]) == (becomes, ())


def test_what_is_not_there_as_written_is_said() -> None:
    text = "- lib {{ version }}\n"
    assert edited(text, [("lib 1.*", "lib 2.*")]) == (text, ("lib 1.*",))


OLD = '{{% set lib = "{}" %}}\nrequirements:\n  host:\n    - lib {{{{ lib }}}}.*\n    - lib-devel >={{{{ lib }}}}\n'
NEW = "context:\n  lib_version: {}\n\nrequirements:\n  host:\n    - lib ${{{{ lib_version }}}}.*\n"
BOTH = [("lib 1.*", "lib 2.*"), ("lib-devel >=1", "lib-devel >=2")]


def test_the_one_literal_that_gives_the_version_is_replaced() -> None:
    assert edited(NEW.format(1), [("lib 1.*", "lib 2.*")]) == (NEW.format(2), ())
    assert edited(NEW.format("'1.4'  # as upstream"), [("lib 1.4.*", "lib 1.10.*")]) == (
        NEW.format("'1.10'  # as upstream"), (),
    )  # fmt: skip


def test_a_value_that_would_be_a_broken_number_gets_quotes() -> None:
    assert edited(NEW.format("1.4"), [("lib 1.4.*", "lib 1.10.*")])[0] == NEW.format('"1.10"')


def test_a_variable_of_two_specs_moves_when_both_do() -> None:
    text = OLD.format(1).replace("lib }}", "v }}").replace("set lib", "set v")
    assert edited(text, BOTH) == (text.replace('"1"', '"2"'), ())
    assert edited(text, BOTH[:1]) == (text, ("lib 1.*",))
    assert edited(text, [BOTH[0], ("lib-devel >=1", "lib-devel >=3")]) == (text, ("lib 1.*", "lib-devel >=1"))


@pytest.mark.parametrize(
    "text",
    [
        NEW.format(1) + "package: {version: '${{ lib_version }}.0'}\n",
        NEW.format(1) + "skip:\n  - match(lib_version, '<2')\n",
        NEW.format("${{ major }}"),
        NEW.format(1).replace("lib_version }}", "lib_version | int }}"),
        '{% set v = "1" %}  # [linux]\n{% set v = "2" %}  # [osx]\n- lib {{ v }}.*\n',
        '{% set v = "1" %}\n{% if x %}{% set v = 3 %}{% endif %}\n- lib {{ v }}.*\n',
    ],
)
def test_what_more_than_one_literal_says_or_something_else_uses_is_left_to_a_person(text: str) -> None:
    assert edited(text, [("lib 1.*", "lib 2.*")]) == (text, ("lib 1.*",))
