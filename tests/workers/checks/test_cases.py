"""Cases read from JUnit XML that anybody may have written."""

import gzip
import json
from pathlib import Path

import pytest

from workers.builders.events import CaseEnd
from workers.checks import cases


def read(folder: Path, *documents: str, own: tuple[str, ...] = ()) -> tuple[tuple[CaseEnd, ...], list[str]]:
    told: list[str] = []
    for number, document in enumerate(documents):
        (folder / f"{number}.xml").write_text(document, encoding="utf-8")
    return cases.read_reports(folder, told.append, own), told


PYTEST = """<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" tests="5">
<testcase classname="tests.test_a.TestIt" name="test_one[0x7f3a2b4c5d]" time="0.001"/>
<testcase classname="tests.test_a" name="test_two" time="1,234.5">
<failure message="assert 1 == 2">def test_two():
&gt;   assert 1 == 2
E   assert 1 == 2

tests/test_a.py:12: AssertionError</failure></testcase>
<testcase classname="tests.test_a" name="test_three"><skipped type="pytest.skip" message="no screen"/></testcase>
<testcase classname="tests.test_a" name="test_four"><failure message="first"/><error message="in the end"/></testcase>
<testcase name="alone" file="src/b.cc" line="7"><error>

  boom in /box/work/b.cc
  more</error></testcase>
</testsuite></testsuites>"""


def test_outcomes_places_and_first_words_are_read(tmp_path: Path) -> None:
    found, told = read(tmp_path, PYTEST, own=("/box/work",))
    assert told == []
    assert found == (
        CaseEnd("tests.test_a.TestIt::test_one[0x]", "passed", 0.001),
        CaseEnd("tests.test_a::test_two", "failed", 1234.5, "assert 1 == 2", "tests/test_a.py:12"),
        CaseEnd("tests.test_a::test_three", "not_runnable", 0.0, "no screen"),
        CaseEnd("tests.test_a::test_four", "failed", 0.0, "first"),
        CaseEnd("alone", "failed", 0.0, "boom in b.cc", "src/b.cc:7"),
    )


def test_cases_of_one_name_are_told_apart(tmp_path: Path) -> None:
    one = '<s><testcase name="a"/><testcase name="a"/></s>'
    found, _ = read(tmp_path, one, one)
    assert [case.name for case in found] == ["a", "a #2", "a #3", "a #4"]


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE x [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><s><testcase name="&b;"/></s>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><s/>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><s><testcase name="&e;"/></s>',
        "<s><testcase",
        "",
        "no xml",
        '<?xml version="1.0" encoding="klingon"?><s/>',
    ],
)
def test_what_is_hostile_or_broken_is_told_and_counts_for_nothing(tmp_path: Path, document: str) -> None:
    found, told = read(tmp_path, document)
    assert found == ()
    assert len(told) == 1
    assert told[0].startswith("0.xml is no list of cases that can be read")


def test_depth_and_length_cost_no_stack_and_are_cut(tmp_path: Path) -> None:
    deep = "<a>" * 50_000 + "</a>" * 50_000
    long = f'<s><testcase name="{"n" * 10_000}"><failure>{"x" * 1_000_000}</failure></testcase></s>'
    found, told = read(tmp_path, deep, long)
    assert told == []
    assert [(len(case.name), len(case.message)) for case in found] == [(300, 400)]


def test_more_cases_than_are_taken_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "MOST_CASES", 3)
    found, told = read(tmp_path, '<s><testcase name="a"/></s>', "<s>" + '<testcase name="b"/>' * 9 + "</s>")
    assert [case.name for case in found] == ["a"]
    assert "more than 3 cases" in told[0]


def test_more_files_than_are_taken_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "MOST_FILES", 2)
    found, told = read(tmp_path, *[f'<s><testcase name="{n}"/></s>' for n in "abc"])
    assert [case.name for case in found] == ["a", "b"]
    assert told == ["of 3 lists of cases the first 2 were read"]


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "0.xml").open("wb") as file:
        file.truncate(1 << 30)
    found, told = read(tmp_path)
    assert found == ()
    assert str(1 << 30) in told[0]


def test_the_same_cases_are_the_same_bytes(tmp_path: Path) -> None:
    found = (CaseEnd("a", "failed", 0.5, "é", "b:1"), CaseEnd("c"))
    cases.write_cases(tmp_path / "one.gz", found)
    cases.write_cases(tmp_path / "two.gz", found)
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()
    assert json.loads(gzip.decompress((tmp_path / "one.gz").read_bytes()))[0] == {
        "name": "a", "outcome": "failed", "seconds": 0.5, "message": "é", "where": "b:1"
    }  # fmt: skip
