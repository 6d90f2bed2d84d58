"""What if a package had another version: outputs as their recipe would make them then, and moves of other channels.

Only what follows from the version is moved: bounds that were made from the old one are made from the new one, with
as many segments. What a person would change beside it (sources, requirements) is not guessed.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from controller.domain.artifacts import Artifact, Dependency, UsedPackage
from controller.domain.recipes import Origin, Output, RunExports
from controller.planning.dependencies import HARD, RUNNING, EdgeKind, Need, needs_of
from controller.planning.moves import Move
from controller.planning.numbers import Name
from controller.planning.pins import pin_spec
from controller.planning.providers import Providers
from controller.planning.records import age_of
from controller.planning.specs import admits, admits_version, bound_of, name_of, version_of

_UPPER = re.compile(r"<(\d[\w.]*?)(?:\.0a0|a0)?$")
_EXACT = re.compile(r"(==?)\s*([^\s=,|]+)(.*)")
_NUMBER = re.compile(r"_\d+$")
_GLOB = re.compile(r"=?(\d+(?:\.\d+)*)\.?\*")


def what_if(outputs: Sequence[Output], name: str, version: str) -> tuple[Output, ...]:
    """The outputs, where every one that shares a recipe and a version with ``name`` has the new version."""
    moving = {(o.recipe, o.version) for o in outputs if o.name == name and o.version != version}
    together = {(o.recipe, o.name) for o in outputs if (o.recipe, o.version) in moving}
    return tuple(
        _supposed(o, version, {n for recipe, n in together if recipe == o.recipe})
        if (o.recipe, o.version) in moving
        else o
        for o in outputs
    )


def moved_to(before: Artifact, version: str, others: Collection[str] = ()) -> Move:
    """The move of another channel's package to a version, with its exports made from it.

    ``others`` are names that move with it, as a library does with its ``-devel``.
    """
    names = {before.name, *others}
    exports = _repinned(before.run_exports, before.version, version, names)
    after = replace(before, version=version, build="", build_number=0, sha256="", file_name="", run_exports=exports)
    return Move(after, before)


def repinned(spec: str, old: str, new: str) -> str:
    """The spec as it would be had it been made from ``new`` instead of ``old``; itself where it was not made so.

    ``lib >=1.4,<2.0a0`` of 1.4.2 becomes, for 2.5.1, ``lib >=2.5,<3.0a0``.
    """
    name, rest = name_of(spec), spec[len(name_of(spec)) :].strip()
    if not rest or version_of(old) is None or not admits_version(spec, old):
        return spec
    glob, exact = _GLOB.fullmatch(rest.split(" ")[0]), _EXACT.fullmatch(rest)
    if glob:
        return f"{name} {_cut(new, glob[1].count('.') + 1)}.*{rest[len(glob[0]) :]}"
    if exact:
        return f"{name} {exact[1]}{new}{exact[3]}"
    bounds = rest.split(" ")[0].split(",")
    lower = next((bound[2:] for bound in bounds if bound.startswith(">=")), "")
    upper = next((found[1] for bound in bounds if (found := _UPPER.fullmatch(bound))), "")
    if not (lower or upper) or bound_of(spec).names_one_build or not old.startswith(lower):
        return spec
    pin = {"name": name, "lower_bound": _marks(lower), "upper_bound": _marks(upper)}
    return pin_spec(pin, new, "")


def renumbered(outputs: Iterable[Output], numbers: Mapping[Name, int]) -> tuple[Output, ...]:
    """Those that ``numbers`` speaks of, under build strings with these numbers; no recipe is rendered for it."""
    found = []
    for output in outputs:
        number = numbers.get((output.subdir, output.name, output.version))
        if number is not None:
            build = _NUMBER.sub(f"_{number}", output.build)
            found.append(replace(output, build=build, build_number=number))
    return tuple(found)


def guessed(name: str, users: Sequence[Artifact]) -> Artifact | None:
    """A package of another channel: as that channel tells of it, else as those do that were built with it."""
    own = [artifact for artifact in users if artifact.name == name]
    if own:
        return max(own, key=age_of)
    for user in users:
        for used in user.used:
            if used.name == name:
                exports = tuple(dict.fromkeys(d.spec for d in user.depends if name in (d.exporter, d.name)))
                return Artifact(
                    file_name="", subdir=used.subdir, name=name, version=used.version, build=used.build,
                    build_number=0, sha256="", md5="", size=0, timestamp_ms=0,
                    run_exports=RunExports(weak=exports),
                )  # fmt: skip
    return None


def _supposed(output: Output, version: str, names: Collection[str]) -> Output:
    def moved(spec: str) -> str:
        return repinned(spec, output.version, version) if name_of(spec) in names else spec

    requirements = tuple(replace(r, spec=moved(r.spec)) for r in output.requirements)
    exports = _repinned(output.run_exports, output.version, version, names)
    return replace(output, version=version, requirements=requirements, run_exports=exports)


def _repinned(exports: RunExports, old: str, new: str, names: Collection[str]) -> RunExports:
    def moved(specs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(repinned(spec, old, new) if name_of(spec) in names else spec for spec in specs)

    return RunExports(
        moved(exports.weak), moved(exports.strong), moved(exports.noarch), moved(exports.weak_constrains),
        moved(exports.strong_constrains),
    )  # fmt: skip


def _marks(bound: str) -> str | None:
    return ".".join("x" * len(bound.split("."))) if bound else None


def _cut(version: str, segments: int) -> str:
    return ".".join(version.split(".")[:segments])


def as_built(outputs: Sequence[Output]) -> tuple[Artifact, ...]:
    """The files that these outputs would be if all of them were built against each other, and what they would record.

    It stands for a target where none is at hand: a tree at an earlier commit, in a pull request of people without a
    farm. ``pin_compatible`` is written down up to the next major version, its default.
    """
    providers = Providers.of(outputs)
    return tuple(_built(place, providers) for place in range(len(outputs)))


def _built(place: int, providers: Providers) -> Artifact:
    output, needs = providers.outputs[place], tuple(needs_of(place, providers))
    depends = tuple(_recorded(need, place, providers) for need in needs if need.kind in RUNNING)
    constrains = (_recorded(need, place, providers) for need in needs if need.kind is EdgeKind.CONSTRAINS)
    return Artifact(
        file_name=output.file_name, subdir=output.subdir, name=output.name, version=output.version,
        build=output.build, build_number=output.build_number, sha256="", md5="", size=0, timestamp_ms=0,
        depends=depends, constrains=tuple(constrains), run_exports=output.run_exports,
        has_run_exports=bool(output.run_exports), noarch=output.noarch, tests=output.tests, recipe=output.recipe,
        hash=output.hash, fingerprint=output.fingerprint, variant=dict(output.variant),
        used=tuple(_used(place, needs, providers)),
    )  # fmt: skip


def _recorded(need: Need, place: int, providers: Providers) -> Dependency:
    spec = need.spec
    if need.origin is Origin.PIN_COMPATIBLE:
        found = [providers.outputs[other] for other in providers.of_name(need.name, place)]
        whole = {"name": need.name, "lower_bound": "x.x.x.x.x.x", "upper_bound": "x"}
        spec = pin_spec(whole, found[0].version, "") if found and version_of(found[0].version) else spec
    return Dependency(spec, need.origin, need.exporter)


def _used(place: int, needs: Iterable[Need], providers: Providers) -> Iterator[UsedPackage]:
    for need in needs:
        if need.kind in HARD and need.origin is not Origin.RUN_EXPORT:
            near = (providers.outputs[other] for other in providers.of_name(need.name, place))
            found = next((p for p in near if admits(need.spec, p.version, p.build)), None)
            if found is not None:
                section, name = need.kind.value, found.name
                yield UsedPackage(section, name, found.version, found.build, found.subdir, direct=True)
