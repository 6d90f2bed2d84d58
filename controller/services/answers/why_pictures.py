"""The because-paths of one package as boxes and arrows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from controller.domain.plans import Membership
from controller.domain.wording import MEMBERSHIP_WORDS
from controller.planning.lanes import lanes, steps
from controller.services.answers.why_shapes import Picture, PictureNode
from controller.services.answers.words import field_of

_MOST_PATHS, _MOST_NEXT = 12, 8
_HEAVIEST = (Membership.REBUILD, Membership.EDIT, Membership.BLOCKED, Membership.RETEST, Membership.NOTHING)
_ELSEWHERE = "moved, and nothing here makes it"


class Told(NamedTuple):
    """One output that a change reaches: its name, the path of what decides, and what is done about it."""

    name: str
    path: Sequence[str]
    membership: str


def followers_of(name: str, told: Iterable[Told]) -> tuple[str, ...]:
    """The packages whose path leads through this one, each once."""
    return tuple(dict.fromkeys(each.name for each in told if name in each.path[:-1]))


def picture_of(name: str, paths: Iterable[Sequence[str]], told: Sequence[Told]) -> Picture:
    """What led to a package, by its ``paths``, and the next that follow from it."""
    ways = list(dict.fromkeys(tuple(path) for path in paths if len(path) > 1))[:_MOST_PATHS]
    after = list(dict.fromkeys(_next_of(name, told)))
    edges = steps([*ways, *((name, follower) for follower in after[:_MOST_NEXT])])
    heaviest = _heaviest(told)
    rows = lanes([name], edges)
    nodes = [
        _node(each, (lane, place), heaviest.get(each), here=each == name)
        for lane, row in enumerate(rows)
        for place, each in enumerate(row)
    ]
    return Picture(nodes=tuple(nodes), edges=edges, cut=max(0, len(after) - _MOST_NEXT))


def _next_of(name: str, told: Iterable[Told]) -> Iterator[str]:
    for each in told:
        if name in each.path[:-1]:
            yield each.path[list(each.path).index(name) + 1]


def _heaviest(told: Iterable[Told]) -> dict[str, Membership]:
    """What is done about a package: of several outputs of a name the weightiest."""
    found: dict[str, Membership] = {}
    for each in told:
        membership = Membership(each.membership)
        before = found.get(each.name, membership)
        found[each.name] = min(before, membership, key=_HEAVIEST.index)
    return found


def _node(name: str, at: tuple[int, int], membership: Membership | None, *, here: bool) -> PictureNode:
    words = MEMBERSHIP_WORDS[membership] if membership else None
    return PictureNode(
        name=name, lane=at[0], place=at[1], here=here, known=membership is not None,
        label=words.label if words else (MEMBERSHIP_WORDS[Membership.NOTHING].label if here else _ELSEWHERE),
        mark=words.mark if words else "·", category=field_of(words.category) if words else "not_needed",
    )  # fmt: skip
