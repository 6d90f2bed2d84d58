"""A long list of what a plan does, in pages and filtered through the address."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import Query

from controller.domain.plans import Rule
from controller.domain.rule_words import RULE_WORDS
from controller.services.answers.shapes import MemberShape

MOST = 100
"""Rows on a page."""
Membership = Annotated[str, Query(max_length=40, description="Only these: rebuild, retest, recipe edit, ...")]
RuleName = Annotated[str, Query(alias="rule", max_length=40)]
First = Annotated[int, Query(ge=1, le=10**7)]


class Filter(NamedTuple):
    """A way to narrow the list: what it is called, and how many rows it leaves."""

    membership: str
    rule: str
    title: str
    number: int


class Listed(NamedTuple):
    """The rows of one page. ``first`` counts from 1; ``total`` is of all pages, ``whole`` without the filter."""

    rows: Sequence[MemberShape]
    first: int
    total: int
    whole: int
    membership: str
    rule: str
    filters: Sequence[Filter]

    @property
    def last(self) -> int:
        """The number of the last row on this page."""
        return self.first + len(self.rows) - 1

    @property
    def before(self) -> int:
        """Where the page before begins."""
        return max(1, self.first - MOST)


def listed(members: Sequence[MemberShape], membership: str, rule: str, first: int) -> Listed:
    """One page of what a plan does, with all the ways to narrow it."""
    kept = [m for m in members if membership in ("", m.membership) and rule in ("", _rule(m))]
    rows = kept[first - 1 : first - 1 + MOST]
    return Listed(rows, first, len(kept), len(members), membership, rule, _filters(members))


def _filters(members: Sequence[MemberShape]) -> list[Filter]:
    counts = Counter((m.membership, _rule(m)) for m in members)
    return [
        Filter(membership, rule, RULE_WORDS[Rule(rule)].title if rule else "", count)
        for (membership, rule), count in counts.most_common()
    ]


def _rule(member: MemberShape) -> str:
    return member.reasons[0].rule if member.reasons else ""
