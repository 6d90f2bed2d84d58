"""Times, sizes and bars as pages write them."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.services.answers.shapes import Counts
from controller.web.bars import bar
from controller.web.pages.sections import sections
from controller.web.words import ago, duration, instant, size

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.3, "< 1 s"), (59, "59 s"), (60, "1 m"), (62, "1 m 2 s"), (3599.6, "1 h"), (4320, "1 h 12 m"),
     (86_400 * 3 + 7200, "3 d 2 h")],
)  # fmt: skip
def test_a_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "just now"), (5, "5 s ago"), (4320, "1 h ago"), (-120, "in 2 m"), (90_000, "1 d ago")]
)
def test_how_long_ago_has_one(seconds: float, text: str) -> None:
    assert ago(NOON - timedelta(seconds=seconds), NOON) == text


def test_an_instant_is_for_people_and_for_machines() -> None:
    html = instant(NOON - timedelta(minutes=3), NOON)
    assert html == '<time datetime="2026-11-23T11:57:00+00:00" title="2026-11-23 11:57:00 UTC">3 m ago</time>'
    assert instant(None, NOON) == "&ndash;"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (999, "999 B"), (1400, "1.4 kB"), (2_500_000, "2.5 MB"), (3e12, "3.0 TB")]
)
def test_a_size_is_in_powers_of_a_thousand(number: float, text: str) -> None:
    assert size(number) == text


def test_a_bar_says_in_words_what_it_shows_and_shows_the_smallest_part() -> None:
    html = str(bar(Counts(done=9_999, broken=1)))
    assert 'aria-label="1 broken, 9999 done of 10000."' in html
    assert 'class="broken"' in html
    assert 'style="' not in html
    assert str(bar(Counts())).count("<rect") == 0
    assert str(bar(Counts(done=1), said=True)) == (
        '<svg class="bar" aria-hidden="true"><rect class="done" x="0.0%" width="100.0%"/></svg>'
    )


class TestSections:
    LOG = ("hello", "[farm] phase solve", "solved", "[farm] phase build", "cc", "error: no", "[farm] phase upload")

    def test_lines_are_numbered_and_parted_by_phase(self) -> None:
        found = sections(self.LOG, 1, {6}, is_end=True)
        assert [section.phase for section in found] == ["", "solve", "build", "upload"]
        assert [line.number for section in found for line in section.lines] == [1, 2, 3, 4, 5, 6, 7]
        assert [line.kind for line in found[2].lines] == ["note", "", "failing"]

    def test_of_a_long_log_the_failing_section_opens_and_the_others_stay_folded(self) -> None:
        log = ("[farm] phase build", *["cc"] * 500, "[farm] phase test", "no", "[farm] phase end", "x")
        found = sections(log, 1, {503}, is_end=False)
        assert [(section.phase, section.shown) for section in found] == [
            ("build", False),
            ("test", True),
            ("end", False),
        ]

    def test_what_begins_within_a_phase_is_shown(self) -> None:
        assert [section.shown for section in sections(("a", "b"), 900, set(), is_end=False)] == [True]
