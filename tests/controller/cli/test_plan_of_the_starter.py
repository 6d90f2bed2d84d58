"""The tree that newcomers plan first, in all three forms, with no service at all."""

import json
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from .conftest import Type

STARTER = Path(__file__).resolve().parents[3] / "recipes" / "starter"


@pytest.fixture(autouse=True)
def _for_one_subdir(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_SUBDIRS", '["linux-64"]')


def test_for_people(typed: Type) -> None:
    said = typed("plan", "--tree", STARTER)
    assert said.code == 0
    assert said.out.split("\n\n")[0] == snapshot("""\
15 builds, 16 tests in 4 waves; 0 outputs untouched
  wave 1: host-cc (linux-64), adler-report (noarch), minivec (noarch), motto (noarch), python (linux-64)
  wave 2: libadler-static (linux-64), libtally (linux-64), libquill (linux-64), sieve (linux-64), tallybook (noarch)
  wave 3: adler (linux-64), libledger (linux-64), pytally (linux-64), quill-check (linux-64)
  wave 4: split-bill (linux-64)\
""")
    assert said.err == "against nothing: every package is new\n"


def test_for_a_pull_request(typed: Type) -> None:
    said = typed("plan", "--tree", STARTER, "-o", "markdown").out.splitlines()
    assert said[:5] == snapshot(
        [
            "**15 builds, 16 tests in 4 waves; 0 outputs untouched**",
            "",
            "### Rebuild (16)",
            "",
            "| package | version | subdir | rule | why |",
        ]
    )
    assert all(line.count("|") == 6 for line in said[4:] if line.startswith("|"))


def test_for_programs(typed: Type) -> None:
    said = json.loads(typed("plan", "--tree", STARTER, "-o", "json").out)
    assert sorted(said) == snapshot(
        [
            "bumps",
            "circles",
            "edits",
            "forecast",
            "gone",
            "jobs",
            "members",
            "moves",
            "notices",
            "refusals",
            "text_only",
            "untouched",
            "waves",
        ]
    )
    assert {job["kind"] for job in said["jobs"]} == {"build", "test"}
    waves = {job["name"]: job["wave"] for job in said["jobs"] if job["kind"] == "build"}
    assert waves["libtally"] < waves["libledger"] < waves["split-bill"]


def test_twice_the_same(typed: Type) -> None:
    first, second = (typed("plan", "--tree", STARTER, "-o", "json").out for _ in range(2))
    assert first == second
