"""Making an index, and making the next one from it: what did not change is not looked at again."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from controller.domain.artifacts import Artifact
from controller.domain.plans import Member, Membership, Reason, Rule
from controller.domain.recipes import Origin, Output, Section
from controller.planning.entries import differs
from controller.planning.index import Index, Recorded, Using
from controller.planning.moves import Move
from controller.planning.providers import Providers
from controller.planning.records import Records, differing, place_of, traced
from controller.planning.specs import name_of

K = TypeVar("K", bound=Hashable)
_CURRENT = (Reason(Rule.CURRENT),)


def index_of(outputs: Sequence[Output], base: Sequence[Artifact]) -> Index:
    """The index of these outputs over what a target holds."""
    return updated(Index(), outputs, base)


def updated(index: Index, outputs: Sequence[Output], base: Sequence[Artifact]) -> Index:
    """The index of other outputs, or over another state of the target. Unchanged ones are told by being the same
    objects; a changed output takes the place of the one that it replaces, new ones come last.
    """
    records, names = index.records.updated(base)
    draft = _Draft(index, records)
    draft.take(outputs)
    draft.refresh(names)
    return draft.finish(len(outputs))


def with_moves(index: Index, moves: Sequence[Move]) -> Index:
    """The index with packages of other channels that moved. What a tree makes itself is no business of theirs."""
    if not moves:
        return index
    draft = _Draft(index, index.records)
    for move in moves:
        if move.after.name not in index.providers.by_name:
            draft.append(move.output, move.before)
    return draft.finish(index.own)


class _Draft:
    """An index while it is being changed; copies of what it touches."""

    def __init__(self, index: Index, records: Records) -> None:
        self.index, self.records = index, records
        self.outputs, self.artifacts, self.members = list(index.outputs), list(index.artifacts), list(index.members)
        self.by_name = dict(index.providers.by_name)
        self.recorded: _Groups[Recorded] = _Groups(index.recorded)
        self.used: _Groups[Using] = _Groups(index.used)
        self.asked, self.tested = _Lists(index.asked), _Lists(index.tested)
        self.differing, self.missing = dict(index.differing), set(index.missing)
        self.keys = dict(index.keys)
        self.pinning = set(index.pinning)
        self.taken = index.taken
        self.changed: set[int] = set()
        self.emptied: set[str] = set()
        """Names that something went from; they may have got something since."""

    def take(self, outputs: Sequence[Output]) -> None:
        """Make these the outputs."""
        left, come = differing(self.taken, outputs)
        self.taken = outputs
        gone: dict[tuple[str, ...], list[int]] = {}
        for place in sorted(self._places_of(left), reverse=True):
            gone.setdefault(_identity(self.outputs[place]), []).append(place)
        for output in come:
            same = gone.get(_identity(output))
            if same:
                self._put(same.pop(), output, self.records.standing_for(output))
            else:
                self.append(output, self.records.standing_for(output))
        for place in sorted((place for places in gone.values() for place in places), reverse=True):
            self._remove(place)

    def _places_of(self, outputs: Iterable[Output]) -> Iterator[int]:
        for output in outputs:
            yield next(place for place in self.by_name[output.name] if self.outputs[place] is output)

    def refresh(self, names: Iterable[str]) -> None:
        """Look at the artifacts of these names again."""
        for name in names:
            for place in self.by_name.get(name, ()):
                artifact = self.records.standing_for(self.outputs[place])
                if artifact is not self.artifacts[place]:
                    self._put(place, self.outputs[place], artifact)

    def append(self, output: Output, artifact: Artifact | None) -> None:
        """One more output."""
        self.outputs.append(output)
        self.artifacts.append(artifact)
        self.members.append(_untouched(output, artifact))
        self._register(len(self.outputs) - 1)

    def _put(self, place: int, output: Output, artifact: Artifact | None) -> None:
        self._forget(place)
        self.outputs[place], self.artifacts[place] = output, artifact
        self.members[place] = _untouched(output, artifact)
        self._register(place)

    def _remove(self, place: int) -> None:
        """The last output moves to the place that becomes free."""
        last = len(self.outputs) - 1
        if place == last:
            self._forget(place)
        else:
            output, artifact = self.outputs[last], self.artifacts[last]
            self._forget(last)
            self._put(place, output, artifact)
        for sequence in (self.outputs, self.artifacts, self.members):
            sequence.pop()

    def _register(self, place: int) -> None:
        output, artifact = self.outputs[place], self.artifacts[place]
        self.changed.add(place)
        self.by_name[output.name] = tuple(sorted((*self.by_name.get(output.name, ()), place)))
        if any(requirement.origin is Origin.EXACT_PIN for requirement in output.requirements):
            self.pinning.add(place)
        self.keys[output.key] = self.keys.get(output.key, 0) + 1
        for name in _asked(output):
            self.asked.of(name).append(place)
        for spec in output.test_requirements:
            self.tested.of(name_of(spec)).append(place)
        if artifact is None:
            self.missing.add(place)
            return
        reason = differs(output, artifact)
        if reason is not None:
            self.differing[place] = reason
        for name, recorded in _recorded(output, artifact):
            self.recorded.of(name).setdefault(recorded, []).append(place)
        for name, using in _used(output, artifact):
            self.used.of(name).setdefault(using, []).append(place)

    def _forget(self, place: int) -> None:
        output, artifact = self.outputs[place], self.artifacts[place]
        self.changed.add(place)
        self.by_name[output.name] = tuple(other for other in self.by_name[output.name] if other != place)
        self.emptied.add(output.name)
        self.missing.discard(place)
        self.pinning.discard(place)
        self.differing.pop(place, None)
        self.keys[output.key] -= 1
        if not self.keys[output.key]:
            del self.keys[output.key]
        for name in _asked(output):
            self.asked.of(name).remove(place)
        for spec in output.test_requirements:
            self.tested.of(name_of(spec)).remove(place)
        if artifact is not None:
            for name, recorded in _recorded(output, artifact):
                self.recorded.drop(name, recorded, place)
            for name, using in _used(output, artifact):
                self.used.drop(name, using, place)

    def finish(self, own: int) -> Index:
        """The index that has become of it."""
        index = self.index
        return Index(
            outputs=tuple(self.outputs), artifacts=tuple(self.artifacts), members=tuple(self.members),
            records=self.records, providers=self._providers(), recorded=self.recorded.finish(),
            used=self.used.finish(), asked=self.asked.finish(), tested=self.tested.finish(), differing=self.differing,
            missing=self.missing, keys=self.keys, pinning=self.pinning, own=own, taken=self.taken,
            kept=index.kept.changed(frozenset(self.changed)),
        )  # fmt: skip

    def _providers(self) -> Providers:
        for name in self.emptied:
            if not self.by_name[name]:
                del self.by_name[name]
        return self.index.providers.changed(tuple(self.outputs), self.by_name, self.changed)


class _Lists:
    """Name to places; those that are touched are lists of their own."""

    def __init__(self, table: Mapping[str, Sequence[int]]) -> None:
        self._table, self._own = dict(table), dict[str, list[int]]()

    def of(self, name: str) -> list[int]:
        if name not in self._own:
            self._own[name] = list(self._table.get(name, ()))
        return self._own[name]

    def finish(self) -> dict[str, Sequence[int]]:
        return self._table | {name: tuple(places) for name, places in self._own.items()}


class _Groups(Generic[K]):
    """Name to groups of places; those that are touched are lists of their own."""

    def __init__(self, table: Mapping[str, Mapping[K, Sequence[int]]]) -> None:
        self._table, self._own = dict(table), dict[str, dict[K, list[int]]]()

    def of(self, name: str) -> dict[K, list[int]]:
        if name not in self._own:
            self._own[name] = {key: list(places) for key, places in self._table.get(name, {}).items()}
        return self._own[name]

    def drop(self, name: str, key: K, place: int) -> None:
        self.of(name)[key].remove(place)

    def finish(self) -> dict[str, Mapping[K, Sequence[int]]]:
        return self._table | {name: self._finished(groups) for name, groups in self._own.items()}

    def _finished(self, groups: Mapping[K, list[int]]) -> dict[K, Sequence[int]]:
        """In an order that does not tell which came first: else the same tree would be told other first reasons."""
        left = [key for key, places in groups.items() if places]
        if len(left) > 1:
            left.sort(key=_in_order)
        return {key: tuple(sorted(groups[key])) for key in left}


def _in_order(key: Hashable) -> tuple[Hashable, ...]:
    """A key that its values order, sets by what is in them."""
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(tuple(sorted(part)) if isinstance(part, frozenset) else part for part in parts)


def _identity(output: Output) -> tuple[str, ...]:
    return (output.recipe, output.name, output.subdir, output.target_platform)


def _untouched(output: Output, artifact: Artifact | None) -> Member:
    return Member(output, Membership.NOTHING, _CURRENT, place_of(artifact) if artifact else "")


def _asked(output: Output) -> Iterable[str]:
    return {r.name: None for r in output.requirements if r.section in (Section.BUILD, Section.HOST)}


def _recorded(output: Output, artifact: Artifact) -> Iterator[tuple[str, Recorded]]:
    for constrains, dependencies in ((False, artifact.depends), (True, artifact.constrains)):
        for dependency in dependencies:
            origin = traced(dependency, output, constrains=constrains).value
            yield name_of(dependency.spec), Recorded(dependency.spec, origin, dependency.exporter, constrains)


def _used(output: Output, artifact: Artifact) -> Iterator[tuple[str, Using]]:
    """What stands directly in the environments: as the file tells, else as the recipe says."""
    runs = {name_of(dependency.spec) for dependency in artifact.depends}
    taken: dict[str, set[str]] = {}
    for dependency in (*artifact.depends, *artifact.constrains):
        if dependency.exporter:
            taken.setdefault(dependency.exporter, set()).add(name_of(dependency.spec))
    pinned = {(r.section.value, r.name) for r in output.requirements if r.origin is Origin.EXACT_PIN}
    for section, name in _direct(output, artifact):
        exported = frozenset(taken.get(name, ()))
        yield name, Using(section, name in runs, (section, name) in pinned, exported, output.noarch)


def _direct(output: Output, artifact: Artifact) -> Iterable[tuple[str, str]]:
    if artifact.used:
        return dict.fromkeys((used.section, used.name) for used in artifact.used if used.direct)
    found = output.in_section(Section.BUILD, Section.HOST)
    return dict.fromkeys((requirement.section.value, requirement.name) for requirement in found)
