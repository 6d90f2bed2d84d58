"""What every output asks for and runs with, in an order in which what is needed comes first; kept from plan to plan."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from controller.domain.recipes import Origin, Output, Requirement, RunExports, Section
from controller.planning.graph import Graph
from controller.planning.providers import Providers
from controller.planning.specs import name_of

Place = int
_HARD = (Section.BUILD, Section.HOST)
_PINS = (Origin.EXACT_PIN, Origin.PIN_SUBPACKAGE)


class Ask(NamedTuple):
    """A build or host need. ``pinned`` says that the recipe (or an exporter's) names a build string of its own making;
    ``written`` that the recipe names it, so that it is no export's doing.
    """

    section: str
    name: str
    spec: str
    pinned: bool
    written: bool


@dataclass(frozen=True, slots=True)
class Running:
    """By place. ``asks`` are numbers into ``table``, so that what many ask for alike is looked at once."""

    providers: Providers
    table: list[Ask]
    numbers: dict[Ask, int]
    asks: Sequence[tuple[int, ...]]
    names: Sequence[AbstractSet[str]]
    """All names that it asks for or runs with."""
    runs: Sequence[tuple[Place, ...]]
    """What it runs with directly."""
    order: Sequence[Place]
    """All places, those first that others run with. What is asked for comes first too, but for circles and for
    recipes that changed since.
    """
    rank: Sequence[int]
    """Place to where it stands in the order."""
    draws: Sequence[tuple[Place, ...]]
    """``runs``, but for rings: the first of those that run with each other draws in the others and what any of them
    runs with, and the others draw in the first. So one walk along the order finds everything.
    """
    rings: AbstractSet[Place]
    """All that stand in rings."""

    @classmethod
    def of(cls, providers: Providers) -> "Running":
        """Look at everything."""
        table, numbers = list[Ask](), dict[Ask, int]()
        reader = _Reader(providers, table, numbers)
        read = [reader.read(place) for place in range(len(providers.outputs))]
        asks, names, runs = [one[0] for one in read], [one[1] for one in read], [one[2] for one in read]
        return _ordered(providers, table, numbers, asks, names, runs)

    def changed(self, providers: Providers, changed: AbstractSet[Place]) -> "Running":
        """The same after the outputs at these places became others: what did not change is not looked at again."""
        size = len(providers.outputs)
        if size < len(self.asks):
            return Running.of(providers)
        more = size - len(self.asks)
        asks, names, runs = [*self.asks, *[()] * more], [*self.names, *[frozenset()] * more], [*self.runs, *[()] * more]
        reader = _Reader(providers, self.table, self.numbers)
        stale = self._stale(providers, changed)
        moved = False
        for place in stale:
            asks[place], names[place], found = reader.read(place)
            moved |= found != runs[place] and not self._stands(place, found)
            runs[place] = found
        if moved:
            return _ordered(providers, self.table, self.numbers, asks, names, runs)
        last = len(self.order)
        order, rank = [*self.order, *range(last, size)], [*self.rank, *range(last, size)]
        draws = list(runs)
        for place in self.rings:
            draws[place] = self.draws[place]
        return Running(providers, self.table, self.numbers, asks, names, runs, order, rank, draws, self.rings)

    def _stale(self, providers: Providers, changed: AbstractSet[Place]) -> set[Place]:
        names = {name for place in changed for name in self._provided_otherwise(providers, place)}
        users = (place for place, wanted in enumerate(self.names) if not names.isdisjoint(wanted)) if names else ()
        return {place for place in changed if place < len(providers.outputs)} | set(users)

    def _provided_otherwise(self, providers: Providers, place: Place) -> Iterator[str]:
        """Names that others have from somebody else now, or with other exports, since this one changed."""
        old, new = _at(self.providers, place), _at(providers, place)
        same = old is not None and new is not None and old.name == new.name
        if same and self.providers.kinds[place] == providers.kinds[place] and _exports(old) == _exports(new):
            return
        yield from (output.name for output in (old, new) if output is not None)

    def _stands(self, place: Place, runs: Sequence[Place]) -> bool:
        """Whether the order holds when this one runs with those."""
        here = self.rank[place] if place < len(self.rank) else place
        return place not in self.rings and all((self.rank[p] if p < len(self.rank) else p) < here for p in runs)


class Kept:
    """What runs with what, found when it is first asked for: from what was known before, where something was."""

    def __init__(self, before: Running | None = None, changed: AbstractSet[Place] = frozenset()) -> None:
        self._before, self._changed, self._found = before, changed, list[Running]()

    def of(self, providers: Providers) -> Running:
        """For these providers, which are those that it is kept with."""
        if not self._found:
            before, changed = self._before, self._changed
            self._found.append(before.changed(providers, changed) if before else Running.of(providers))
        return self._found[0]

    def changed(self, places: AbstractSet[Place]) -> "Kept":
        """What is to be kept with the next providers."""
        return Kept(self._found[0], places) if self._found else Kept(self._before, self._changed | places)


def _at(providers: Providers, place: Place) -> Output | None:
    return providers.outputs[place] if place < len(providers.outputs) else None


def _exports(output: Output | None) -> Mapping[str, frozenset[str]]:
    exports = output.run_exports if output else None
    if not exports:
        return {}
    found = {"weak": exports.weak, "strong": exports.strong, "noarch": exports.noarch}
    return {kind: frozenset(specs if kind == "strong" else map(name_of, specs)) for kind, specs in found.items()}


def _ordered(
    providers: Providers, table: list[Ask], numbers: dict[Ask, int], asks: Sequence[tuple[int, ...]],
    names: Sequence[AbstractSet[str]], runs: Sequence[tuple[Place, ...]],
) -> Running:  # fmt: skip
    of_name = providers.of_name
    whole = [
        (*runs[place], *(p for number in asked for p in of_name(table[number].name, place)))
        for place, asked in enumerate(asks)
    ]
    groups = [group for part in Graph(tuple(whole)).components() for group in _by_running(part, runs)]
    order = [place for group in groups for place in group]
    rank, draws = [0] * len(order), list(runs)
    for number, place in enumerate(order):
        rank[place] = number
    rings = [group for group in groups if len(group) > 1]
    for first, *others in rings:
        around = {p for place in (first, *others) for p in runs[place]} | {*others}
        draws[first] = tuple(around - {first})
        for place in others:
            draws[place] = (first,)
    ringed = frozenset(place for group in rings for place in group)
    return Running(providers, table, numbers, asks, names, runs, order, rank, draws, ringed)


def _by_running(part: tuple[Place, ...], runs: Sequence[tuple[Place, ...]]) -> Collection[tuple[Place, ...]]:
    """The places of a circle, in an order in which what others run with comes first; rings of those together."""
    if len(part) == 1:
        return (part,)
    part = tuple(sorted(part))
    number = {place: node for node, place in enumerate(part)}
    graph = Graph(tuple(tuple(number[p] for p in runs[place] if p in number) for place in part))
    return [tuple(part[node] for node in group) for group in graph.components()]


class _Reader:
    """Reads outputs; what a package exports is looked at once."""

    def __init__(self, providers: Providers, table: list[Ask], numbers: dict[Ask, int]) -> None:
        self.providers, self.table, self.numbers = providers, table, numbers

    def read(self, place: Place) -> tuple[tuple[int, ...], AbstractSet[str], tuple[Place, ...]]:
        """What it asks for, all names of it, and what it runs with (``dependencies.needs_of``, less what is not
        looked at here).
        """
        output = self.providers.outputs[place]
        asks: dict[int, None] = {}
        running: dict[str, None] = {}
        for r in output.requirements:
            if r.section is Section.RUN:
                running[r.name] = None
            elif r.section in _HARD:
                asks[self._number(Ask(r.section.value, r.name, r.spec, r.origin in _PINS, True))] = None
                self._take_exports(place, output, r, asks, running)
        names = frozenset((*running, *(self.table[number].name for number in asks)))
        of_name = self.providers.of_name
        runs = dict.fromkeys(p for name in running for p in of_name(name, place) if p != place)
        return tuple(asks), names, tuple(runs)

    def _take_exports(
        self, place: Place, user: Output, wanted: Requirement, asks: dict[int, None], running: dict[str, None]
    ) -> None:
        """Which exports of a direct requirement it takes (rebuild-semantics 2.2)."""
        if wanted.name in user.ignored_exporters:
            return
        for provider in self.providers.of_name(wanted.name, place):
            exports = self.providers.outputs[provider].run_exports
            if provider == place or not exports:
                continue
            for spec in exports.strong if wanted.section is Section.BUILD else ():
                if name_of(spec) not in user.ignored_exports:
                    asks[self._number(Ask(Section.HOST.value, name_of(spec), spec, True, False))] = None
            for spec in _drawn_in(wanted.section, user, exports):
                if name_of(spec) not in user.ignored_exports:
                    running[name_of(spec)] = None

    def _number(self, ask: Ask) -> int:
        number = self.numbers.get(ask)
        if number is None:
            number = self.numbers[ask] = len(self.table)
            self.table.append(ask)
        return number


def _drawn_in(section: Section, user: Output, exports: RunExports) -> Sequence[str]:
    """What an exporter in this section adds to a user's run."""
    if section is Section.BUILD:
        return () if user.noarch else exports.strong
    return exports.noarch if user.noarch else (*exports.weak, *exports.strong)
