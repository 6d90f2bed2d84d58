"""Who is touched when an output moves: users by what their artifacts record, and by what stands in their recipes."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.plans import Reason, Rule
from controller.domain.recipes import Origin, Output, RunExports, Section
from controller.planning.providers import NOARCH, Providers
from controller.planning.records import traced
from controller.planning.rules import PYTHON, Touch, Use
from controller.planning.specs import admits, admits_version, bound_of, is_bounded, name_of

Path = tuple[str, ...]
Places = AbstractSet[int]


@dataclass(frozen=True, slots=True)
class Facts:
    """Outputs as they will be, each with its artifact as it is, and what that records."""

    outputs: Sequence[Output]
    artifacts: Sequence[Artifact | None]
    providers: Providers
    recorded: Mapping[str, Sequence[tuple[int, Dependency, bool]]]
    """Name to (user, dependency as recorded, whether it is a constraint), over all that have an artifact."""

    @classmethod
    def of(cls, outputs: Sequence[Output], artifacts: Sequence[Artifact | None]) -> "Facts":
        """The facts about these outputs; ``artifacts`` are in the same order."""
        recorded: dict[str, list[tuple[int, Dependency, bool]]] = {}
        for user, artifact in enumerate(artifacts):
            if artifact is None:
                continue
            for dependency in artifact.depends:
                recorded.setdefault(name_of(dependency.spec), []).append((user, dependency, False))
            for dependency in artifact.constrains:
                recorded.setdefault(name_of(dependency.spec), []).append((user, dependency, True))
        return cls(outputs, artifacts, Providers.of(outputs), recorded)

    def depends(self, user: int) -> tuple[Dependency, ...]:
        """What its artifact records that it runs with."""
        artifact = self.artifacts[user]
        return artifact.depends if artifact else ()

    def admitted(self, dependency: Dependency, user: int, moving: Places) -> bool:
        """Whether on every subdir something that will be there under that name is admitted."""
        places = self.providers.of_name(name_of(dependency.spec), user)
        subdirs = {self.outputs[place].subdir for place in places} - {NOARCH} or {NOARCH}
        good = [place for place in places if self._admits(dependency.spec, place, moving)]
        return all(any(self.outputs[place].subdir in (subdir, NOARCH) for place in good) for subdir in subdirs)

    def _admits(self, spec: str, place: int, moving: Places) -> bool:
        output, artifact = self.outputs[place], self.artifacts[place]
        if artifact is not None and place not in moving:
            return admits(spec, artifact.version, artifact.build)
        if bound_of(spec).names_one_build:
            return False  # the new build string ends in a number that was never used
        return admits(spec, output.version, output.build)

    def direct(self, user: int) -> Iterator[tuple[Section, str]]:
        """What stands directly in the build and host environments: as recorded, else as the recipe says."""
        artifact = self.artifacts[user]
        if artifact is not None and artifact.used:
            yield from dict.fromkeys((Section(used.section), used.name) for used in artifact.used if used.direct)
        else:
            found = self.outputs[user].in_section(Section.BUILD, Section.HOST)
            yield from dict.fromkeys((requirement.section, requirement.name) for requirement in found)


@dataclass(frozen=True, slots=True)
class Dependents:
    """Users by the name they need; an index, so that following a move costs its users alone."""

    facts: Facts
    used: dict[str, list[tuple[int, Section]]] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Facts) -> "Dependents":
        """The index of those that have an artifact; the others are new and move anyway."""
        index = cls(facts)
        for user, artifact in enumerate(facts.artifacts):
            if artifact is None:
                continue
            for section, name in facts.direct(user):
                index.used.setdefault(name, []).append((user, section))
        return index

    def touches(self, moved: int, path: Path, moving: Places) -> Iterator[tuple[Touch, int]]:
        """Every recorded dependency and constraint on ``moved``, with its user. ``path`` leads to ``moved``."""
        facts, output = self.facts, self.facts.outputs[moved]
        for user, dependency, constrains in facts.recorded.get(output.name, ()):
            if user != moved and moved in facts.providers.of_name(output.name, user):
                known = traced(dependency, facts.outputs[user])
                yield self._touch(user, output, known, path, moving, constrains=constrains), user

    def _touch(
        self, user: int, moved: Output, dependency: Dependency, path: Path, moving: Places, *, constrains: bool
    ) -> Touch:
        facts = self.facts
        output, exporter = facts.outputs[user], dependency.exporter
        in_build = any(r.name == exporter for r in output.in_section(Section.BUILD)) if exporter else False
        admitted = facts.admitted(dependency, user, moving)
        return Touch(
            user=output,
            moved=moved,
            dependency=dependency,
            admitted=admitted,
            constrains=constrains,
            from_build=in_build,
            stuck="" if admitted else self._stuck(user, {exporter or moved.name, moved.name}),
            path=(*path, output.name),
        )

    def uses(self, moved: int, path: Path) -> Iterator[tuple[Use, int]]:
        """Everybody who has ``moved`` directly in build or host, once for each section."""
        facts, output = self.facts, self.facts.outputs[moved]
        exported = self._exported(moved)
        for user, section in self.used.get(output.name, ()):
            if user != moved and moved in facts.providers.of_name(output.name, user):
                yield self._use(user, moved, section, exported, path), user

    def _use(self, user: int, moved: int, section: Section, exported: frozenset[str], path: Path) -> Use:
        facts = self.facts
        output, package = facts.outputs[user], facts.outputs[moved]
        artifact = facts.artifacts[user]
        depends = facts.depends(user)
        recorded = (*depends, *artifact.constrains) if artifact else ()
        taken = {name_of(d.spec) for d in recorded if d.exporter == package.name}
        now = names_exported(package.run_exports)
        return Use(
            user=output,
            moved=package,
            section=section,
            took=bool(taken) or any(name_of(d.spec) in exported for d in recorded),
            runs=any(name_of(d.spec) == package.name for d in depends),
            moved_runs_python=self._runs_python(moved),
            renamed=bool(taken) and bool(now) and taken.isdisjoint(now),
            exact=any(r.name == package.name and r.origin is Origin.EXACT_PIN for r in output.in_section(section)),
            stuck=self._stuck(user, {package.name}),
            path=(*path, output.name),
        )

    def _exported(self, place: int) -> frozenset[str]:
        artifact = self.facts.artifacts[place]
        before = names_exported(artifact.run_exports) if artifact else frozenset()
        return before | names_exported(self.facts.outputs[place].run_exports)

    def _runs_python(self, place: int) -> bool:
        output = self.facts.outputs[place]
        if output.name == PYTHON:
            return True
        recorded = any(name_of(d.spec) == PYTHON for d in self.facts.depends(place))
        return recorded or any(r.name == PYTHON for r in output.in_section(Section.HOST, Section.RUN))

    def _stuck(self, user: int, names: AbstractSet[str]) -> str:
        """A host spec of the recipe's own text on one of ``names`` that nothing which will be there meets."""
        facts = self.facts
        for requirement in facts.outputs[user].in_section(Section.HOST):
            if requirement.name in names and requirement.origin is Origin.TEXT and is_bounded(requirement.spec):
                places = facts.providers.of_name(requirement.name, user)
                if places and not any(admits_version(requirement.spec, facts.outputs[p].version) for p in places):
                    return requirement.spec
        return ""

    def pinned_by(self, moved: int, path: Path) -> Iterator[tuple[int, Reason]]:
        """Siblings that ``moved`` pins exactly: rendered together, they get the new number together."""
        facts, output = self.facts, self.facts.outputs[moved]
        for requirement in output.requirements:
            if requirement.origin is not Origin.EXACT_PIN:
                continue
            for place in facts.providers.of_name(requirement.name, moved):
                sibling = facts.outputs[place]
                if sibling.recipe == output.recipe and admits(requirement.spec, sibling.version, sibling.build):
                    origin = requirement.origin.value
                    yield place, Reason(Rule.R11, output.name, requirement.spec, origin, (*path, sibling.name), _PINNED)


_PINNED = "pinned exactly by it, and rendered together with it"


def names_exported(exports: RunExports) -> frozenset[str]:
    """The names of all packages and constraints that are exported, of whatever strength."""
    specs = (*exports.weak, *exports.strong, *exports.noarch, *exports.weak_constrains, *exports.strong_constrains)
    return frozenset(name_of(spec) for spec in specs)
