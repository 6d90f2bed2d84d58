"""No priority lacks its words, and the sentences are these."""

from datetime import UTC, datetime

import pytest
from inline_snapshot import snapshot

from controller.domain.order_words import PRIORITY_WORDS, bump_sentence, order_line, order_lines
from controller.domain.priorities import COSTS, LANES, Order, Priority

SINCE = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)


def order(priority: Priority, crowd: int = 1, load: int = 1, since: datetime | None = SINCE) -> Order:
    return Order(7, priority, LANES[priority], 11_400.0, 7, crowd, load, since)


def test_every_priority_has_words_a_lane_and_a_cost() -> None:
    assert set(PRIORITY_WORDS) == set(LANES) == set(COSTS) == set(Priority)
    assert all(words.endswith(".") for words in PRIORITY_WORDS.values())


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize(("crowd", "load"), [(1, 1), (2, 1), (1, 4), (4, 4)])
def test_every_part_is_a_sentence(priority: Priority, crowd: int, load: int) -> None:
    for line in order_lines(order(priority, crowd, load), "B-7", "eva"):
        assert line.endswith(".")


def test_the_parts_of_an_order_are_told_in_the_order_in_which_they_count() -> None:
    assert list(order_lines(order(Priority.NORMAL, 2, 2), "B-7", "eva")) == snapshot(
        [
            "Priority normal: Its batch has an ordinary share; emergencies go before it.",
            "B-7 has a quarter of a share: the batches of eva share one, and eva had more than others of late.",
            "3.2 h of work in the longest chain that starts with it; in its batch the longest goes first.",
            "It could start since 2026-11-23 14:02 UTC; what comes later gets a later place.",
        ]
    )
    assert list(order_lines(order(Priority.EMERGENCY, since=None), "B-7", "")) == snapshot(
        [
            "Priority emergency: It goes before everything that is no emergency.",
            "B-7 has a whole share.",
            "3.2 h of work in the longest chain that starts with it; in its batch the longest goes first.",
            "It cannot start yet; its place is kept meanwhile.",
        ]
    )


def test_the_parts_of_an_order_make_one_line() -> None:
    assert order_line(order(Priority.HIGH)) == snapshot("high; 3.2 h below it; a whole share; since 14:02")
    assert order_line(order(Priority.LOW, 16, since=None)) == snapshot("low; 3.2 h below it; one part in 16 of a share")


def test_a_bump_says_who_and_why() -> None:
    assert bump_sentence(Priority.HIGH, Priority.LOW, "eva", "release") == "From low to high by eva: release"
    assert bump_sentence(Priority.HIGH, Priority.LOW, "", "") == "From low to high by somebody"
