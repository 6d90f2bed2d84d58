"""Who is touched when an output moves: users by what their artifacts record, and by what stands in their recipes."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from controller.domain.artifacts import Artifact
from controller.domain.plans import Membership, Reason, Rule
from controller.domain.recipes import Origin, Requirement, RunExports, Section
from controller.planning.index import Admission, Index, Places, Recorded, Using
from controller.planning.rules import PYTHON, Finding, Touch, Use, is_exact, judge_touch, judge_use, kept_by
from controller.planning.specs import admits, admits_version, bound_of, name_of

_OWN_TEXT = {Section.HOST: Rule.R4, Section.RUN: Rule.R8, Section.CONSTRAINS: Rule.R18}
Path = tuple[str, ...]
Paths = Mapping[int, Path]
"""Places that moved, each with the path that leads to it."""
_NUMBERED = re.compile(r"_\d+$")
_ENVIRONMENTS = frozenset({Section.BUILD, Section.HOST})
_ITS_OWN = frozenset({Origin.TEXT, Origin.VARIANT})
Standing = tuple[int, bool, bool, Requirement | None]
"""How a user stands to what moved: its place, whether it is admitted, comes from build, and what keeps the old one."""
_PINNED = "pinned exactly by it, and rendered together with it"


@dataclass(frozen=True, slots=True)
class Dependents:
    """The users of moved outputs. Users that stand to an output in the same way are judged together."""

    index: Index
    moving: Places
    """Places of all that is known to move; it grows while they are followed."""

    def touches(self, name: str, news: Paths) -> Iterator[tuple[int, Path, Finding]]:
        """Who records a dependency or constraint on ``name`` that the news may break, with the path to that user's one.

        Those that admit all there will be force nothing and are left out. ``news`` are places of that name.
        """
        for recorded, users in self.index.recorded.get(name, {}).items():
            admission = self.index.admission(recorded.spec, name, self.moving)
            exact = is_exact(recorded.dependency)
            if exact or not admission.whole:
                yield from self._touched(recorded, admission, users, news, exact=exact)

    def _touched(
        self, recorded: Recorded, admission: Admission, users: Sequence[int], news: Paths, *, exact: bool
    ) -> Iterator[tuple[int, Path, Finding]]:
        known: dict[Standing, Finding | None] = {}
        of_name, strong = self.index.providers.of_name, self._is_strong(recorded.exporter)
        for user in users:
            places = of_name(admission.name, user)
            moved = first_in(places, news)
            if moved is None or moved == user:
                continue
            admitted = admission.of(places)
            if admitted and not exact:
                continue
            in_build = strong and self._builds_with(user, recorded.exporter)
            stuck = None if admitted else self._stuck(user, recorded, in_build=in_build)
            key = (moved, admitted, in_build, stuck)
            if key not in known:
                known[key] = judge_touch(self._touch(user, recorded, key))
            finding = known[key]
            if finding is not None:
                yield user, news[moved], finding

    def _touch(self, user: int, recorded: Recorded, key: "Standing") -> Touch:
        moved, admitted, in_build, stuck = key
        outputs, dependency = self.index.outputs, recorded.dependency
        return Touch(outputs[user], outputs[moved], dependency, admitted, recorded.constrains, in_build, stuck)

    def _is_strong(self, exporter: str) -> bool:
        places = self.index.providers.by_name.get(exporter, ()) if exporter else ()
        return any(self.index.outputs[place].run_exports.strong for place in places)

    def _builds_with(self, user: int, name: str) -> bool:
        return any(r.name == name for r in self.index.outputs[user].in_section(Section.BUILD))

    def uses(self, moved: int) -> Iterator[tuple[Sequence[int], Finding]]:
        """Those who have ``moved`` directly in build or host, by what that means for them; nobody for whom it means
        nothing. The reason's path holds nothing yet: how it was reached is the user's. Where nothing is to be done,
        they are given as they stand in the index, users of its other variants among them.
        """
        found = self.index.used.get(self.index.outputs[moved].name)
        if not found:
            return
        now, runs_python = names_exported(self.index.outputs[moved].run_exports), self._runs_python(moved)
        for using, users in found.items():
            typical = self._typical(moved, using, now, runs_python=runs_python)
            finding = judge_use(typical)
            if finding is not None and finding.reason.rule is Rule.R10:
                for user in self.near(moved, users):
                    single = self._singly(user, moved, typical)
                    if single is not None:
                        yield (user,), single
            elif finding is not None:
                yield users if finding.membership is Membership.NOTHING else self.near(moved, users), finding

    def users(self, moved: int) -> Iterator[int]:
        """Everybody who has ``moved`` directly in build or host."""
        for users in self.index.used.get(self.index.outputs[moved].name, {}).values():
            yield from self.near(moved, users)

    def near(self, moved: int, users: Sequence[int]) -> Sequence[int]:
        """Those of the users to whom this one provides its name."""
        name, of_name = self.index.outputs[moved].name, self.index.providers.of_name
        return [user for user in users if user != moved and moved in of_name(name, user)]

    def _typical(self, moved: int, using: Using, now: frozenset[str], *, runs_python: bool) -> Use:
        """What all that stand so to it have in common; ``now`` are the names that it exports from now on."""
        return Use(
            noarch=using.noarch,
            moved=self.index.outputs[moved],
            section=Section(using.section),
            took=bool(using.taken),
            runs=using.runs,
            moved_runs_python=runs_python,
            renamed=bool(using.taken) and bool(now) and using.taken.isdisjoint(now),
            exact=using.exact,
        )

    def _singly(self, user: int, moved: int, typical: Use) -> Finding | None:
        """Where a record names no exporter, the names that it holds tell whether it took anything."""
        artifact, exported = self.index.artifacts[user], self._exported(moved)
        took = artifact is not None and any(name in exported for name in _names_recorded(artifact))
        return judge_use(typical.of_user(took=took, stuck=self._kept(user, {self.index.outputs[moved].name})))

    def _exported(self, place: int) -> frozenset[str]:
        artifact = self.index.artifacts[place]
        before = names_exported(artifact.run_exports) if artifact else frozenset()
        return before | names_exported(self.index.outputs[place].run_exports)

    def _runs_python(self, place: int) -> bool:
        output, artifact = self.index.outputs[place], self.index.artifacts[place]
        if output.name == PYTHON:
            return True
        recorded = artifact is not None and any(name_of(d.spec) == PYTHON for d in artifact.depends)
        return recorded or any(r.name == PYTHON for r in output.in_section(Section.HOST, Section.RUN))

    def _stuck(self, user: int, recorded: Recorded, *, in_build: bool) -> Requirement | None:
        """What keeps a user on the old exporter of what it records: in host, also of whatever else exports the name."""
        name = name_of(recorded.spec)
        sources = {name, recorded.exporter}
        for requirement in self.index.outputs[user].requirements:
            if requirement.section is Section.HOST and requirement.spec != requirement.name:
                places = self.index.providers.by_name.get(requirement.name, ())
                if requirement.name not in sources and any(name in self._exported(place) for place in places):
                    sources.add(requirement.name)
        return self._kept(user, sources, recorded.exporter if in_build else "")

    def _kept(self, user: int, names: Container[str], tool: str = "") -> Requirement | None:
        """What the recipe's own text or a pin asks of one of ``names`` in host, and nothing which will be there meets.

        Of ``tool`` in build, where what it exports decides. A spec may name a build number as well
        (``llvmdev 20.1.8 *_1``, rebuild-semantics R10): a new build leaves it.
        """
        for requirement in self.index.outputs[user].requirements:
            asked = requirement.name in names if requirement.section is Section.HOST else requirement.name == tool
            if asked and _asks_itself(requirement) and requirement.section in _ENVIRONMENTS:
                places = self.index.providers.of_name(requirement.name, user)
                if places and not any(self._met(requirement.spec, place) for place in places):
                    return requirement
        return None

    def _met(self, spec: str, place: int) -> bool:
        output, artifact = self.index.outputs[place], self.index.artifacts[place]
        if artifact is not None and artifact.version == output.version and _NUMBERED.search(bound_of(spec).build):
            return admits(spec, artifact.version, artifact.build) and place not in self.moving
        return admits_version(spec, output.version)

    def own_text(self, user: int, news: Mapping[int, Path]) -> Iterator[Reason]:
        """What the recipe of one to be built asks for in its own text, and that will no longer be there.

        ``news`` are places of what moves. A builder finds the old package, or an environment that holds both nowhere.
        """
        output, by_name = self.index.outputs[user], self.index.providers.by_name
        for requirement in output.requirements:
            rule = _OWN_TEXT.get(requirement.section)
            if rule is None or not _asks_itself(requirement):
                continue
            if any(place in news for place in by_name.get(requirement.name, ())):
                places = self.index.providers.of_name(requirement.name, user)
                moved = next((place for place in places if place in news and place != user), None)
                if moved is not None and not any(self._met(requirement.spec, place) for place in places):
                    path = (*news[moved], output.name)
                    if requirement.origin is Origin.VARIANT:
                        yield kept_by(requirement, requirement.name, path)
                    else:
                        yield Reason(rule, requirement.name, requirement.spec, Origin.TEXT.value, path)

    def pinned_by(self, moved: int, path: Path) -> Iterator[tuple[int, Reason]]:
        """Siblings that ``moved`` pins exactly: rendered together, they get the new number together."""
        if moved not in self.index.pinning:
            return
        index, output = self.index, self.index.outputs[moved]
        for requirement in output.requirements:
            if requirement.origin is not Origin.EXACT_PIN:
                continue
            for place in index.providers.of_name(requirement.name, moved):
                sibling = index.outputs[place]
                if sibling.recipe == output.recipe and admits(requirement.spec, sibling.version, sibling.build):
                    origin = requirement.origin.value
                    yield place, Reason(Rule.R11, output.name, requirement.spec, origin, (*path, sibling.name), _PINNED)


def _asks_itself(requirement: Requirement) -> bool:
    """Whether the recipe's text, or a pin of the tree, bounds it: what no rebuild writes anew."""
    return requirement.origin in _ITS_OWN and requirement.spec != requirement.name


def first_in(places: tuple[int, ...], news: Container[int]) -> int | None:
    """The first of the places that is among the news."""
    if len(places) == 1:  # as most have it
        return places[0] if places[0] in news else None
    return next((place for place in places if place in news), None)


@lru_cache(1 << 16)
def names_exported(exports: RunExports) -> frozenset[str]:
    """The names of all packages and constraints that are exported, of whatever strength."""
    specs = (*exports.weak, *exports.strong, *exports.noarch, *exports.weak_constrains, *exports.strong_constrains)
    return frozenset(name_of(spec) for spec in specs)


def _names_recorded(artifact: Artifact) -> Iterator[str]:
    return (name_of(dependency.spec) for dependency in (*artifact.depends, *artifact.constrains))
