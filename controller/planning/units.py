"""Build units: the outputs of one recipe and platform that must be built in one go, because they pin each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.domain.recipes import Output
from controller.planning.providers import NOARCH, agree
from controller.planning.specs import admits


@dataclass(frozen=True, slots=True)
class Unit:
    """``places`` in building order; ``platform`` is what it is built for, ``subdir`` noarch if all of it is."""

    places: tuple[int, ...]
    recipe: str
    platform: str
    subdir: str


def find_units(outputs: Sequence[Output], built: Sequence[int]) -> list[Unit]:
    """The connected sets among the outputs to be built, recipe by recipe."""
    recipes: dict[tuple[str, str], list[int]] = {}
    for place in built:
        output = outputs[place]
        recipes.setdefault((output.recipe, output.target_platform), []).append(place)
    return [
        _unit(outputs, places, recipe, platform)
        for (recipe, platform), together in recipes.items()
        for places in ([together] if len(together) == 1 else _connected(outputs, together))
    ]


def _unit(outputs: Sequence[Output], places: Sequence[int], recipe: str, platform: str) -> Unit:
    noarch = all(outputs[place].subdir == NOARCH for place in places)
    return Unit(tuple(sorted(places)), recipe, platform, NOARCH if noarch else platform)


def _connected(outputs: Sequence[Output], places: Sequence[int]) -> list[list[int]]:
    by_name: dict[str, list[int]] = {}
    for place in places:
        by_name.setdefault(outputs[place].name, []).append(place)
    leads = {place: place for place in places}
    for place in places:
        for requirement in outputs[place].requirements:
            for sibling in by_name.get(requirement.name, ()):
                if sibling != place and _meant(outputs[place], outputs[sibling], requirement.spec):
                    leads[_root(leads, place)] = _root(leads, sibling)
    groups: dict[int, list[int]] = {}
    for place in places:
        groups.setdefault(_root(leads, place), []).append(place)
    return list(groups.values())


def _meant(user: Output, sibling: Output, spec: str) -> bool:
    return agree(user.variant, sibling.variant) and admits(spec, sibling.version, sibling.build)


def _root(leads: Mapping[int, int], place: int) -> int:
    while leads[place] != place:
        place = leads[place]
    return place
