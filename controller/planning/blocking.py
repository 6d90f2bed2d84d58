"""Rebuilds that could not be made: what stands beside the moved package in their environment holds the old one.

A package whose recipe must be edited first, or that a person keeps from being built, excludes what moved. Whatever
is built or run together with it gets the old package again, or no environment at all, until that is repaired (R19).
"""

from collections import deque
from collections.abc import Iterable
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
        beside = {place: (place, *_host(index, place)) for place in forced.get(name, ())}
        bring = _bringing(index, holders, {other for others in beside.values() for other in others})
        for place, others in beside.items():
            holder = next((bring[other] for other in others if other in bring), None)
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


def _host(index: Index, place: int) -> list[int]:
    """What its recipe asks for in host, itself left out."""
    of_name = index.providers.of_name
    wanted = (p for r in index.outputs[place].in_section(Section.HOST) for p in of_name(r.name, place))
    return [provider for provider in wanted if provider != place]


def _bringing(index: Index, holders: Iterable[int], wanted: Iterable[int]) -> dict[int, int]:
    """Place of each of ``wanted`` that runs with a holder, directly or not, to the nearest one, and of what stands
    between them; holders are their own.

    Looked for among what the few ``wanted`` run with, since those who run with a holder may be nearly everything.
    """
    runners = _runners(index, wanted)
    found = {holder: holder for holder in holders}
    waiting = deque(holder for holder in found if holder in runners)
    while waiting:
        place = waiting.popleft()
        for user in runners.get(place, ()):
            if user not in found:
                found[user] = found[place]
                waiting.append(user)
    return found


def _runners(index: Index, wanted: Iterable[int]) -> dict[int, list[int]]:
    """Place of all that these run with, directly or not by their records, to who of them runs with it directly."""
    waiting = list(dict.fromkeys(wanted))
    found: dict[int, list[int]] = {}
    known = set(waiting)
    of_name = index.providers.of_name
    while waiting:
        user = waiting.pop()
        artifact = index.artifacts[user]
        names = {name_of(dependency.spec): None for dependency in artifact.depends} if artifact else {}
        for place in (place for name in names for place in of_name(name, user) if place != user):
            found.setdefault(place, []).append(user)
            if place not in known:
                known.add(place)
                waiting.append(place)
    return found
