"""Small drawn worlds: outputs and artifacts from a few words, and what a farm would make of a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha1, sha256

from controller.domain.artifacts import Artifact, Dependency, UsedPackage
from controller.domain.plans import Decision, Membership, Plan
from controller.domain.recipes import NO_EXPORTS, Origin, Output, Reading, Requirement, RunExports, Section
from controller.planning.impact import decide
from controller.planning.indexing import index_of
from controller.planning.numbers import assign
from controller.planning.plan import Arrangement, arrange, schedule
from controller.planning.policy import MINIMAL, Policy
from controller.planning.providers import NOARCH
from controller.planning.specs import name_of
from controller.planning.supposing import as_built


def make_output(
    name: str, version: str = "1.0", *, recipe: str = "", subdir: str = "linux-64", build: Sequence[str] = (),
    host: Sequence[str] = (), run: Sequence[str] = (), constrains: Sequence[str] = (), test: Sequence[str] = (),
    pinned: Sequence[str] = (), compatible: Sequence[str] = (), weak: Sequence[str] = (), strong: Sequence[str] = (),
    exports: RunExports | None = None, noarch: str = "", variant: Mapping[str, str] | None = None, content: str = "",
    number: int = 0, tests: int = 1, platform: str = "linux-64",
) -> Output:  # fmt: skip
    """An output. ``pinned`` are siblings pinned exactly in run, ``compatible`` names of ``pin_compatible``.

    ``content`` stands for everything else in the recipe: another content is another fingerprint.
    """
    used = {"target_platform": NOARCH if noarch else subdir} | dict(variant or {})
    digest = sha1(repr(sorted(used.items())).encode(), usedforsecurity=False).hexdigest()[:7]
    requirements = (
        *(_requirement(Section.BUILD, spec, used) for spec in build),
        *(_requirement(Section.HOST, spec, used) for spec in host),
        *(_requirement(Section.RUN, spec, {}) for spec in run),
        *(Requirement(Section.RUN, name_of(spec), spec, Origin.EXACT_PIN) for spec in pinned),
        *(Requirement(Section.RUN, name, name, Origin.PIN_COMPATIBLE) for name in compatible),
        *(_requirement(Section.CONSTRAINS, spec, {}) for spec in constrains),
    )
    given = exports or (RunExports(weak=tuple(weak), strong=tuple(strong)) if weak or strong else NO_EXPORTS)
    text = repr((version, requirements, test, given, content))
    return Output(
        recipe=recipe or name, name=name, version=version, build=f"h{digest}_{number}", build_number=number,
        hash=digest, subdir=NOARCH if noarch else subdir, target_platform=platform if noarch else subdir,
        noarch=noarch, variant=used, requirements=requirements, run_exports=given, tests=tests,
        test_requirements=tuple(test), fingerprint=sha256(text.encode()).hexdigest(),
    )  # fmt: skip


def _requirement(section: Section, spec: str, variant: Mapping[str, str]) -> Requirement:
    name = name_of(spec)
    if spec == name and name in variant:
        return Requirement(section, name, f"{name} {variant[name]}.*", Origin.VARIANT)
    return Requirement(section, name, spec)


def numbered(output: Output, number: int, builds: Mapping[str, str]) -> Output:
    """The output under another build number; ``builds`` maps the siblings' old build strings to their new ones."""
    requirements = tuple(replace(r, spec=_renamed(r.spec, builds)) for r in output.requirements)
    build = f"h{output.hash}_{number}"
    return replace(output, build=build, build_number=number, requirements=requirements)


def _renamed(spec: str, builds: Mapping[str, str]) -> str:
    head, _, build = spec.rpartition(" ")
    return f"{head} {builds[build]}" if build in builds else spec


def name_drawn(outputs: Sequence[Output], numbers: Mapping[tuple[str, str, str], int]) -> tuple[Output, ...]:
    """What ``name_outputs`` does, for drawn outputs."""
    number = {o: numbers[name] for o, output in enumerate(outputs) if (name := _name(output)) in numbers}
    builds: dict[str, dict[str, str]] = {}
    for place, given in number.items():
        output = outputs[place]
        builds.setdefault(output.recipe, {})[output.build] = f"h{output.hash}_{given}"
    return tuple(numbered(outputs[place], given, builds[outputs[place].recipe]) for place, given in number.items())


def _name(output: Output) -> tuple[str, str, str]:
    return (output.subdir, output.name, output.version)


def make_reading(*outputs: Output) -> Reading:
    """A reading of these outputs."""
    return Reading("c0ffee", outputs)


def make_artifact(
    output: Output, *, depends: Sequence[Dependency] = (), constrains: Sequence[Dependency] = (),
    used: Sequence[UsedPackage] = (),
) -> Artifact:  # fmt: skip
    """The artifact of an output as it is named, with these records."""
    return Artifact(
        file_name=output.file_name, subdir=output.subdir, name=output.name, version=output.version,
        build=output.build, build_number=output.build_number, sha256=sha256(output.file_name.encode()).hexdigest(),
        md5="", size=1, timestamp_ms=output.build_number, depends=tuple(depends), constrains=tuple(constrains),
        run_exports=output.run_exports, has_run_exports=bool(output.run_exports), noarch=output.noarch,
        used=tuple(used), tests=output.tests, recipe=output.recipe, hash=output.hash, fingerprint=output.fingerprint,
        variant=dict(output.variant),
    )  # fmt: skip


def build_drawn(outputs: Sequence[Output]) -> tuple[Artifact, ...]:
    """What a farm would make of these outputs if all of them were built against each other."""
    return tuple(
        replace(
            artifact, sha256=sha256(artifact.file_name.encode()).hexdigest(), size=1,
            timestamp_ms=artifact.build_number,
        )
        for artifact in as_built(outputs)
    )  # fmt: skip


def ledger_of(base: Sequence[Artifact]) -> dict[tuple[str, str, str], int]:
    """The highest number of each name and version."""
    ledger: dict[tuple[str, str, str], int] = {}
    for artifact in base:
        name = (artifact.subdir, artifact.name, artifact.version)
        ledger[name] = max(artifact.build_number, ledger.get(name, 0))
    return ledger


def plan_drawn(outputs: Sequence[Output], base: Sequence[Artifact] = (), policy: Policy = MINIMAL) -> Plan:
    """The whole way from a reading to a plan."""
    decision = decide(make_reading(*outputs), base, policy)
    return schedule_drawn(arrange(decision, index_of(outputs, base)), outputs, base)


def schedule_drawn(arranged: Arrangement, outputs: Sequence[Output], base: Sequence[Artifact]) -> Plan:
    """The jobs of an arranged decision, everything named, at every stage."""
    numbers = arranged.numbers(assign(arranged.decision, ledger_of(base)))
    named = [output for of_stage in numbers for output in name_drawn(outputs, of_stage)]
    return schedule(arranged.decision, named, arrangement=arranged)


def execute(plan: Plan, base: Sequence[Artifact]) -> tuple[Artifact, ...]:
    """The target after the plan has run and everything in it passed."""
    builds = (job for job in plan.jobs if job.kind == "build" and not job.stage)
    named = {(*o.key, o.version, o.recipe): o for job in builds for o in job.outputs}
    after = [named.get((*o.key, o.version, o.recipe), o) for o in (m.output for m in plan.decision.members)]
    rebuilt = {o.file_name for o in named.values()}
    return (*base, *(a for a in build_drawn(after) if a.file_name in rebuilt))


def memberships(decision: Decision) -> dict[str, str]:
    """Name of each output to its membership and the rule that decided it, as ``rebuild R1``."""
    return {m.output.name: f"{m.membership.value} {m.reasons[0].rule.value}" for m in decision.members}


def names_in(decision: Decision, membership: Membership) -> set[str]:
    """The names of the outputs with that membership."""
    return {member.output.name for member in decision.having(membership)}
