"""The graph that plans are made on: outputs as they will be, artifacts as they are, and who leans on whom and how.

It never changes; ``updated`` makes the next one from it and costs what differs. Outputs are spoken of by their place.
Recipes give the edges that will be (``dependencies.needs_of``), artifacts those that are: what each records that it
runs with, and what stood in the environments that it was made in (the "built against" table, rebuild-semantics 2.1).
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.plans import Member, Reason
from controller.domain.recipes import Origin, Output, Section
from controller.planning.dependencies import EdgeKind
from controller.planning.providers import NOARCH, Providers
from controller.planning.records import Key, Records
from controller.planning.running import Kept, Running
from controller.planning.specs import admits, bound_of

Places = AbstractSet[int]


class Recorded(NamedTuple):
    """A run dependency or constraint as artifacts record it, its origin traced."""

    spec: str
    origin: str
    exporter: str
    constrains: bool

    @property
    def dependency(self) -> Dependency:
        """As the rules look at it."""
        return Dependency(self.spec, Origin(self.origin), self.exporter)


class Using(NamedTuple):
    """How an artifact stands to a package that was named directly in its build or host."""

    section: str
    runs: bool
    """Whether it runs with the package itself."""
    exact: bool
    """Whether its recipe pins the package exactly there."""
    taken: frozenset[str]
    """What it records that the package exported to it, by name."""
    noarch: str
    """Of the user."""

    @property
    def hidden(self) -> bool:
        """Whether nothing of the package shows in the record: linked statically, headers alone, or a mere tool."""
        return self.section == Section.HOST and not self.runs and not self.taken

    @property
    def kind(self) -> EdgeKind:
        """The edge as the artifact tells it."""
        if self.hidden:
            return EdgeKind.STATIC
        return EdgeKind.HOST if self.section == Section.HOST else EdgeKind.BUILD


@dataclass(frozen=True, slots=True)
class Index:
    """Everything a decision looks things up in. Made and remade in ``indexing``."""

    outputs: Sequence[Output] = ()
    artifacts: Sequence[Artifact | None] = ()
    members: Sequence[Member] = ()
    """Each output as one that nothing touches."""
    records: Records = field(default_factory=lambda: Records.of(()))
    providers: Providers = field(default_factory=lambda: Providers.of(()))
    recorded: Mapping[str, Mapping[Recorded, Sequence[int]]] = field(default_factory=dict)
    """Name to who records it, and how."""
    used: Mapping[str, Mapping[Using, Sequence[int]]] = field(default_factory=dict)
    """Name to whose environments it stood in, named directly, and how. Of those that have an artifact."""
    asked: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Name to whose recipe names it in build or host."""
    tested: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Name to whose tests need it."""
    differing: Mapping[int, Reason] = field(default_factory=dict)
    """Those that are no longer what their artifact was built from."""
    pinning: Places = frozenset()
    """Those that pin something exactly."""
    missing: Places = frozenset()
    """Those without an artifact."""
    keys: Mapping[Key, int] = field(default_factory=dict)
    """What the outputs are the same package as, whatever their build; how many outputs are that."""
    own: int = 0
    """Places below are the reading's; above it stand packages of other channels that moved."""
    taken: Sequence[Output] = ()
    """The reading's outputs as they were given, by which the next ones are told apart."""
    kept: Kept = field(default_factory=Kept, repr=False)

    @property
    def running(self) -> Running:
        """What every output asks for and runs with, exports of its parents included."""
        return self.kept.of(self.providers)

    def admission(self, spec: str, name: str, moving: Places) -> "Admission":
        """What ``spec`` admits of all that will be there under ``name``."""
        places = self.providers.by_name.get(name, ())
        good = frozenset(place for place in places if self._admits(spec, place, moving))
        return Admission(self, name, good, len(good) == len(places))

    def _admits(self, spec: str, place: int, moving: Places) -> bool:
        output, artifact = self.outputs[place], self.artifacts[place]
        if artifact is not None and place not in moving:
            return admits(spec, artifact.version, artifact.build)
        if bound_of(spec).names_one_build and place < self.own:
            return False  # the new build string ends in a number that was never used
        return admits(spec, output.version, output.build)

    def edges(self) -> Iterator[tuple[int, int, EdgeKind]]:
        """(provider, user, kind) as the artifacts tell it, labelled; beside them stand ``needs`` of the recipes."""
        for name, groups in self.used.items():
            for using, users in groups.items():
                yield from self._between(name, users, using.kind)
        for name, records in self.recorded.items():
            for recorded, users in records.items():
                kind = EdgeKind.CONSTRAINS if recorded.constrains else _RECORDED.get(recorded.origin, EdgeKind.RUN)
                yield from self._between(name, users, kind)

    def _between(self, name: str, users: Sequence[int], kind: EdgeKind) -> Iterator[tuple[int, int, EdgeKind]]:
        for user in users:
            for provider in self.providers.of_name(name, user):
                if provider != user:
                    yield provider, user, kind


_RECORDED = {Origin.EXACT_PIN.value: EdgeKind.EXACT, Origin.RUN_EXPORT.value: EdgeKind.WEAK}


@dataclass(frozen=True, slots=True)
class Admission:
    """Which of the packages of a name meet a spec."""

    index: Index
    name: str
    good: Places
    whole: bool
    """Whether all of them do, so that nobody needs to be asked singly."""
    _known: dict[tuple[int, ...], bool] = field(default_factory=dict)

    def for_user(self, user: int) -> bool:
        """Whether on every subdir something that will be there for this user is admitted."""
        return self.whole or self.of(self.index.providers.of_name(self.name, user))

    def of(self, places: tuple[int, ...]) -> bool:
        """The same for whoever these places provide the name to."""
        known = self._known.get(places)
        if known is None:
            known = self._known[places] = self._met(places)
        return known

    def _met(self, places: tuple[int, ...]) -> bool:
        outputs = self.index.outputs
        subdirs = {outputs[place].subdir for place in places} - {NOARCH} or {NOARCH}
        near = [outputs[place].subdir for place in places if place in self.good]
        return all(any(there in (subdir, NOARCH) for there in near) for subdir in subdirs)
