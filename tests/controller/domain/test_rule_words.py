"""Every rule has its words."""

from controller.domain.plans import Membership, Rule
from controller.domain.rule_words import RULE_WORDS


def test_every_rule_has_a_title_of_its_own() -> None:
    assert set(RULE_WORDS) == set(Rule)
    assert len({words.title for words in RULE_WORDS.values()}) == len(Rule)


def test_every_membership_is_what_some_rule_decides() -> None:
    assert set().union(*(words.verdicts for words in RULE_WORDS.values())) == set(Membership)
