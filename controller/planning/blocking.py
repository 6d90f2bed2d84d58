"""Rebuilds that could not be made: what stands beside the moved package in their environment holds the old one.

A package whose recipe must be edited first, or that a person keeps from being built, excludes what moved. Whatever
is built or run together with it gets the old package again, or no environment at all, until that is repaired (R19).
"""

from collections import deque
from collections.abc import Container, Iterable, Mapping
from collections.abc import Set as AbstractSet

from controller.domain.plans import Reason, Rule
from controller.domain.recipes import Section
from controller.planning.index import Index
from controller.planning.specs import name_of
from controller.planning.spread import Spread

_OF_ITS_OWN = frozenset({Rule.CHANGED, Rule.NEW, Rule.R3, Rule.R14, Rule.R20, Rule.MOVED})
"""Reasons that do not come from another package's move: such a build is tried whatever stands beside it."""
Held = dict[str, dict[int, str]]
"""Name that moved to the places of those whose records exclude the new one, and the spec that does."""


def find_blocked(index: Index, spread: Spread) -> dict[int, Reason]:
    """Place of each rebuild that cannot be made beside what stays on the old packages, and why."""
    found: dict[int, Reason] = {}
    held = _held(index, spread)
    forced = _forced(spread, held.keys())
    for name, holders in held.items():
        bring = _bringing(index, holders) if name in forced else {}
        for place in forced.get(name, ()):
            holder = _beside(index, place, bring)
            if holder is not None:
                detail = f"{index.outputs[holder].name} stays on the old one ('{holders[holder]}')"
                path = spread.rebuilt[place][0].path
                found.setdefault(place, Reason(Rule.R19, name, holders[holder], path=path, detail=detail))
    return found


def _forced(spread: Spread, names: AbstractSet[str]) -> dict[str, list[int]]:
    """Name that moved to the places of those that are rebuilt for it, and for nothing of their own."""
    found: dict[str, list[int]] = {}
    for place, reasons in spread.rebuilt.items() if names else ():
        if all(reason.rule not in _OF_ITS_OWN for reason in reasons):
            for name in {reason.about for reason in reasons} & names:
                found.setdefault(name, []).append(place)
    return found


def _held(index: Index, spread: Spread) -> Held:
    moved = {index.outputs[place].name for place in spread.rebuilt}
    found: Held = {}
    for place in (spread.edits.keys() | spread.cut.keys() | spread.blocked.keys()) - spread.rebuilt.keys():
        artifact = index.artifacts[place]
        for dependency in (*artifact.depends, *artifact.constrains) if artifact else ():
            name = name_of(dependency.spec)
            if name in moved and not index.admission(dependency.spec, name, spread.rebuilt.keys()).for_user(place):
                found.setdefault(name, {})[place] = dependency.spec
    return found


def _bringing(index: Index, holders: Iterable[int]) -> dict[int, int]:
    """Place of whatever runs with a holder, directly or not, to the nearest one; holders are their own."""
    found = {holder: holder for holder in holders}
    waiting = deque(found)
    while waiting:
        place = waiting.popleft()
        for user in _runners(index, place, found):
            found[user] = found[place]
            waiting.append(user)
    return found


def _beside(index: Index, place: int, bring: Mapping[int, int]) -> int | None:
    """The holder that comes to stand beside this one: with what it runs with, or in its host."""
    if place in bring:
        return bring[place]
    of_name = index.providers.of_name
    host = (p for r in index.outputs[place].in_section(Section.HOST) for p in of_name(r.name, place))
    return next((bring[provider] for provider in host if provider != place and provider in bring), None)


def _runners(index: Index, place: int, known: Container[int]) -> list[int]:
    """Whoever runs with it and is not known yet."""
    name, of_name = index.outputs[place].name, index.providers.of_name
    users = {
        user: None
        for recorded, users in index.recorded.get(name, {}).items()
        if not recorded.constrains
        for user in users
        if user not in known
    }
    return [user for user in users if user != place and place in of_name(name, user)]
