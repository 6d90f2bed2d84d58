"""Every cause of doing nothing has its words, and a next step."""

from controller.domain.idle_words import IDLE_WORDS
from controller.domain.idling import IdleCause


def test_every_cause_has_words_and_a_next_step() -> None:
    assert set(IDLE_WORDS) == set(IdleCause)
    assert all(what and remedy.format(pool="p").endswith((".", "`")) for what, remedy in IDLE_WORDS.values())
