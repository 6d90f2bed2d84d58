"""A builder and a solver of the tests' own: small, exhaustive, and free of the farm's matching and of its edges.

Versions are ``major.minor``. Specs are those that small trees draw: a bare name; ``name >=1.0,<2.0a0``; ``name 1.*``;
``name 1.0 build``. What exports do to a record is written here a second time, from rebuild-semantics 2.2.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from controller.domain.artifacts import Artifact, Dependency, UsedPackage
from controller.domain.recipes import Origin, Output, Requirement, Section
from tests.kit.drawing import make_artifact

Environment = dict[str, Artifact]
Version = tuple[float, ...]


class UnbuildableError(Exception):
    """An environment of a build cannot be solved."""


def number_of(version: str) -> Version:
    """A version to compare by; ``2.0a0`` comes before ``2.0`` and after every ``1.x``."""
    if version.endswith("a0"):
        *head, last = version[:-2].split(".")
        return (*map(float, head), float(last) - 0.5)
    return tuple(map(float, version.split(".")))


def meets(spec: str, version: str, build: str = "") -> bool:
    """Whether a package of that version and build is what the spec asks for."""
    _, _, rest = spec.partition(" ")
    wanted, _, exact = rest.partition(" ")
    if exact and exact != build:
        return False
    return all(_within(part, version) for part in wanted.split(",") if part)


def _within(part: str, version: str) -> bool:
    if part.startswith(">="):
        return number_of(version) >= number_of(part[2:])
    if part.startswith("<"):
        return number_of(version) < number_of(part[1:])
    if part.endswith(".*"):
        return f"{version}.".startswith(part[:-1])
    return number_of(version) == number_of(part)


def name_in(spec: str) -> str:
    """The package that a spec speaks of."""
    return spec.split(" ", 1)[0]


def newest_first(channel: Iterable[Artifact]) -> dict[str, list[Artifact]]:
    """By name, in the order in which a solver tries them."""
    found: dict[str, list[Artifact]] = {}
    for artifact in channel:
        found.setdefault(artifact.name, []).append(artifact)
    for files in found.values():
        files.sort(key=lambda a: (number_of(a.version), a.build_number), reverse=True)
    return found


def solve(channel: Iterable[Artifact], wanted: Sequence[str], fixed: Iterable[Artifact] = ()) -> Environment | None:
    """An environment with all of ``wanted`` and just these of ``fixed``; None where there is none.

    Every combination is tried if need be. What is asked for first is as new as can be.
    """
    files = newest_first(channel)
    for artifact in fixed:
        files[artifact.name] = [artifact]
    return _search(files, [*(artifact.name for artifact in fixed), *wanted], {})


def _search(files: Mapping[str, Sequence[Artifact]], open_: Sequence[str], chosen: Environment) -> Environment | None:
    for place, spec in enumerate(open_):
        known = chosen.get(name_in(spec))
        if known is None:
            return _try(files, spec, open_[place + 1 :], chosen)
        if not meets(spec, known.version, known.build):
            return None
    return chosen


def _try(
    files: Mapping[str, Sequence[Artifact]], spec: str, rest: Sequence[str], chosen: Environment
) -> Environment | None:
    for artifact in files.get(name_in(spec), ()):
        if meets(spec, artifact.version, artifact.build) and _at_peace(artifact, chosen):
            asked = [dependency.spec for dependency in artifact.depends]
            found = _search(files, [*rest, *asked], {**chosen, artifact.name: artifact})
            if found is not None:
                return found
    return None


def _at_peace(artifact: Artifact, chosen: Environment) -> bool:
    """Whether neither it nor one that is there already excludes the other."""
    others = (d.spec for d in artifact.constrains if d.name in chosen)
    mine = (d.spec for other in chosen.values() for d in other.constrains if d.name == artifact.name)
    return all(meets(spec, chosen[name_in(spec)].version, chosen[name_in(spec)].build) for spec in others) and all(
        meets(spec, artifact.version, artifact.build) for spec in mine
    )


def forge(output: Output, channel: Sequence[Artifact]) -> tuple[Artifact, Environment, Environment]:
    """What a builder makes of an output with what a channel holds, and its build and host environments.

    Raises UnbuildableError where there is no such environment.
    """
    build = _solved(output, channel, [r.spec for r in output.in_section(Section.BUILD)])
    drawn = [
        d.spec
        for r in output.in_section(Section.BUILD)
        for d in _taken(output, r, build)
        if d.spec in _strong(build[r.name])
    ]
    host = _solved(output, channel, [*(r.spec for r in output.in_section(Section.HOST)), *drawn])
    taken = list(_exports(output, build, host))
    depends = [*_written(output, host), *(d for section, d in taken if section is Section.RUN)]
    constrains = [
        *(Dependency(r.spec, r.origin) for r in output.in_section(Section.CONSTRAINS)),
        *(d for section, d in taken if section is Section.CONSTRAINS),
    ]
    used = [*_used(output, Section.BUILD, build), *_used(output, Section.HOST, host)]
    made = make_artifact(
        output, depends=list(dict.fromkeys(depends)), constrains=list(dict.fromkeys(constrains)), used=used
    )
    return made, build, host


def _solved(output: Output, channel: Sequence[Artifact], wanted: Sequence[str]) -> Environment:
    found = solve(channel, wanted)
    if found is None:
        raise UnbuildableError(f"{output.name}: {', '.join(wanted)}")
    return found


def _strong(artifact: Artifact) -> tuple[str, ...]:
    return artifact.run_exports.strong


def _written(output: Output, host: Environment) -> Iterator[Dependency]:
    for requirement in output.in_section(Section.RUN):
        spec = requirement.spec
        if requirement.origin is Origin.PIN_COMPATIBLE:
            found = host[requirement.name].version
            spec = f"{requirement.name} >={found},<{int(number_of(found)[0]) + 1}.0a0"
        yield Dependency(spec, requirement.origin)


def _taken(output: Output, requirement: Requirement, environment: Environment) -> Iterator[Dependency]:
    """Strong exports of something in build, as they enter host: ignored ones do not."""
    if requirement.name not in output.ignored_exporters:
        for spec in _strong(environment[requirement.name]):
            if name_in(spec) not in output.ignored_exports:
                yield Dependency(spec, Origin.RUN_EXPORT, requirement.name)


def _exports(output: Output, build: Environment, host: Environment) -> Iterator[tuple[Section, Dependency]]:
    """The table of rebuild-semantics 2.2: which export of a direct requirement goes where."""
    for requirement in output.in_section(Section.BUILD, Section.HOST):
        of_build = requirement.section is Section.BUILD
        exports = (build if of_build else host)[requirement.name].run_exports
        run: tuple[str, ...]
        constrains: tuple[str, ...] = ()
        if output.noarch:
            run = () if of_build else exports.noarch
        elif of_build:
            run, constrains = exports.strong, exports.strong_constrains
        else:
            run = (*exports.weak, *exports.strong)
            constrains = (*exports.weak_constrains, *exports.strong_constrains)
        if requirement.name in output.ignored_exporters:
            continue
        for section, specs in ((Section.RUN, run), (Section.CONSTRAINS, constrains)):
            for spec in specs:
                if name_in(spec) not in output.ignored_exports:
                    yield section, Dependency(spec, Origin.RUN_EXPORT, requirement.name)


def _used(output: Output, section: Section, environment: Environment) -> Iterator[UsedPackage]:
    direct = {requirement.name for requirement in output.in_section(section)}
    for name, a in environment.items():
        yield UsedPackage(section.value, name, a.version, a.build, a.subdir, direct=name in direct)


def forge_all(outputs: Iterable[Output]) -> tuple[Artifact, ...]:
    """A target in which these were built one after the other. Raises UnbuildableError."""
    channel: list[Artifact] = []
    for output in outputs:
        channel.append(forge(output, channel)[0])
    return tuple(channel)


def newest(channel: Iterable[Artifact]) -> dict[str, Artifact]:
    """The newest file of each name."""
    return {name: files[0] for name, files in newest_first(channel).items()}
