"""A build number is written where it is said, and nothing else moves; where it cannot be, that is said."""

import re

import pytest

from controller.gateways.number_edits import edit_number

OLD, NEW = "meta.yaml", "recipe.yaml"

EDITED = {
    "plain": (OLD, "build:\n  number: 3\n", "build:\n  number: 7\n"),
    "quoted": (OLD, "build:\n  number: '3'\n", "build:\n  number: '7'\n"),
    "with a remark": (NEW, "build:\n  number: 0  # from 0\n", "build:\n  number: 7  # from 0\n"),
    "without an end of line": (OLD, "build:\n  number: 3", "build:\n  number: 7"),
    "with lines as on Windows": (OLD, "build:\r\n  number: 3\r\n", "build:\r\n  number: 7\r\n"),
    "in braces": (OLD, "build: {noarch: python, number: 3}\n", "build: {noarch: python, number: 7}\n"),
    "in braces, alone": (NEW, "build: {number: 3}\n", "build: {number: 7}\n"),
    "deep": (NEW, "build:\n    script: x\n    number: 12\nabout:\n    a: 1\n",
             "build:\n    script: x\n    number: 7\nabout:\n    a: 1\n"),
    "of each output": (
        OLD,
        ("build:\n  number: 3\noutputs:\n  - name: a\n    build:\n      number: 3\n  - name: b\n    build:\n"
        "      number: 4\n"),
        ("build:\n  number: 7\noutputs:\n  - name: a\n    build:\n      number: 7\n  - name: b\n    build:\n"
        "      number: 7\n"),
    ),
    "of an output that begins with its build": (
        NEW, "outputs:\n  - build:\n      number: 1\n    package:\n      name: a\n",
        "outputs:\n  - build:\n      number: 7\n    package:\n      name: a\n",
    ),
    "set in a template": (
        OLD, "{% set build = 3 %}\nbuild:\n  number: {{ build }}\n",
        "{% set build = 7 %}\nbuild:\n  number: {{ build }}\n"
    ),
    "set with care for blanks": (
        OLD, "{%- set build_number = '12' -%}\nbuild:\n  number: {{ build_number|int }}\n",
        "{%- set build_number = '7' -%}\nbuild:\n  number: {{ build_number|int }}\n",
    ),
    "set and quoted where it is used": (
        OLD, "{% set n = 0 %}\nbuild:\n  number: '{{ n }}'\n", "{% set n = 7 %}\nbuild:\n  number: '{{ n }}'\n"
    ),
    "in the context": (
        NEW, "context:\n  version: 1.0\n  build_number: 3\nbuild:\n  number: ${{ build_number }}\n",
        "context:\n  version: 1.0\n  build_number: 7\nbuild:\n  number: ${{ build_number }}\n",
    ),
    "in the context, used by two": (
        NEW, ("context:\n  n: 3\nrecipe:\n  name: a\noutputs:\n- build: {number: '${{ n }}'}\n- build:\n"
        "    number: ${{ n }}\n"),
        ("context:\n  n: 7\nrecipe:\n  name: a\noutputs:\n- build: {number: '${{ n }}'}\n- build:\n"
        "    number: ${{ n }}\n"),
    ),
    "not said at all": (OLD, "build:\n  noarch: python\n", "build:\n  number: 7\n  noarch: python\n"),
    "said of something else too": (
        NEW, "extra:\n  number: 3\nbuild:\n  number: 3\n  number_of_things: 3\n",
        "extra:\n  number: 3\nbuild:\n  number: 7\n  number_of_things: 3\n",
    ),
    "beside a comment of the kind": (
        OLD, "build:\n  # number: 2\n  number: 3\n", "build:\n  # number: 2\n  number: 7\n"
    ),
}  # fmt: skip

LEFT = {
    "by selectors": (OLD, "build:\n  number: 3  # [linux]\n  number: 4  # [win]\n", "by a selector, in line 2"),
    "twice": (NEW, "build:\n  number: 3\n  script: x\n  number: 4\n", "more than once, in line 4"),
    "computed where it is used": (OLD, "{% set b = 3 %}\nbuild:\n  number: {{ b + 100 }}\n", "computed, in line 3"),
    "computed where it is set": (OLD, "{% set b = 3 * 2 %}\nbuild:\n  number: {{ b }}\n", "computed, in line 1"),
    "set by a selector": (
        OLD, "{% set b = 3 %}  # [win]\nbuild:\n  number: {{ b }}\n", "by a selector, in line 1"
    ),
    "set again": (
        OLD, "{% set b = 3 %}\n{% set b = b + 100 %}\nbuild:\n  number: {{ b }}\n", "comes from b, which is set 2 times"
    ),
    "set under a condition": (
        OLD, "{% if cuda %}\n{% set b = 3 %}\n{% endif %}\nbuild:\n  number: {{ b }}\n", "under a condition, in line 2"
    ),
    "said under a condition": (
        OLD, "build:\n{% if cuda %}\n  number: 3\n{% endif %}\n", "under a condition, in line 3"
    ),
    "set nowhere": (OLD, "build:\n  number: {{ environ_number }}\n", "which is set 0 times"),
    "chosen in the new format": (
        NEW, "build:\n  number:\n    if: win\n    then: 1\n    else: 2\n", "computed, in line 2"
    ),
    "an expression in the context": (
        NEW, "context:\n  n: ${{ 1 if win else 2 }}\nbuild:\n  number: ${{ n }}\n", "computed, in line 2"
    ),
    "from the variants": (NEW, "context:\n  a: 1\nbuild:\n  number: ${{ n }}\n", "which its context does not hold"),
    "nowhere to be said": (OLD, "package:\n  name: a\n", "has no build section"),
    "an anchor": (OLD, "build:\n  number: &n 3\n", "computed, in line 2"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new"), EDITED.values(), ids=EDITED.keys())
def test_the_number_is_written_and_nothing_else(file: str, old: str, new: str) -> None:
    edited = edit_number(old, file, 7)
    assert (edited.text, edited.why_not) == (new, "")


@pytest.mark.parametrize(("file", "text", "why"), LEFT.values(), ids=LEFT.keys())
def test_what_cannot_be_edited_is_left_and_says_why(file: str, text: str, why: str) -> None:
    edited = edit_number(text, file, 7)
    assert edited.text == text
    assert why in edited.why_not


@pytest.mark.parametrize(("file", "old", "new"), EDITED.values(), ids=EDITED.keys())
def test_the_same_number_again_changes_nothing(file: str, old: str, new: str) -> None:
    assert edit_number(new, file, 7).text == new
    assert re.sub(r"\d+", "", edit_number(new, file, 123).text) == re.sub(r"\d+", "", new)
