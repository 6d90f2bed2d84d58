"""The laws of the decision, against a builder and a solver of the tests' own.

Nothing here asks the farm's own matching or edges whether the farm is right: what a builder makes, what can be
installed together, and what a record says is worked out in ``tests/kit/forge.py``, by trying every combination.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from controller.domain.artifacts import Artifact
from controller.domain.jobs import JobKind
from controller.domain.plans import Member, Membership, Plan, Reason, Rule
from controller.domain.recipes import Origin, Output, Section
from controller.planning.impact import decide
from controller.planning.moves import Move
from controller.planning.plan import arrange
from controller.planning.policy import MINIMAL, Policy, Scope
from tests.kit.drawing import build_drawn, make_reading, numbered, plan_drawn, schedule_drawn
from tests.kit.forge import Environment, UnbuildableError, forge, forge_all, meets, name_in, newest, solve
from tests.kit.small_trees import Outputs, Recipe, Tree, changed, small_changes, small_trees

quickly = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True, repr=False)
class Case:
    """A change of a tree that was built, and what the farm plans for it."""

    before: Outputs
    after: Outputs
    base: tuple[Artifact, ...]
    plan: Plan
    tree: Tree
    still_to_edit: frozenset[str] = frozenset()
    """Those that an earlier plan wanted edited, and nobody has."""
    arrived: tuple[Artifact, ...] = ()
    """What another channel has now, and had not before."""

    def __repr__(self) -> str:
        old = {output.name: output for output in self.before}
        return "".join(f"\n  {_told(old[m.output.name], m)}" for m in self.plan.decision.members)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 -- as Hypothesis calls it
        printer.text(repr(self))

    @property
    def members(self) -> dict[str, Member]:
        return {member.output.name: member for member in self.plan.decision.members}

    def output(self, name: str) -> Output:
        return self.members[name].output

    @property
    def moved(self) -> set[str]:
        """Names with a file that is newer than before once the plan is done."""
        built = {member.output.name for member in self.plan.decision.having(Membership.REBUILD)}
        return built | {artifact.name for artifact in self.arrived}

    @property
    def to_edit(self) -> set[str]:
        """Those of which the farm says that no rebuild can help, since text is in the way."""
        now = (n for n, m in self.members.items() if m.membership is Membership.EDIT or any(map(_edits, m.reasons)))
        return {*now, *self.still_to_edit}

    @property
    def blocked(self) -> set[str]:
        """Those of which the farm says that they can be rebuilt only when something beside them was edited."""
        return {name for name, member in self.members.items() if member.membership is Membership.BLOCKED}


def _edits(reason: Reason) -> bool:
    return reason.rule in (Rule.R4, Rule.R8) or (reason.rule is Rule.R18 and reason.origin == Origin.TEXT)


def _told(old: Output, member: Member) -> str:
    output = member.output
    parts = [f"{output.name} {old.version} {output.version}", *(["changed"] if output != old else []), output.noarch]
    parts += [f"{r.section} {r.spec} ({r.origin})" for r in output.requirements]
    parts += [f"{field} {specs}" for field, specs in asdict(output.run_exports).items() if specs]
    parts += [f"ignores {sorted(output.ignored_exports)}" if output.ignored_exports else ""]
    reasons = ", ".join(f"{r.rule} {r.spec}" for r in member.reasons)
    return "; ".join(part for part in parts if part) + f" -> {member.membership}: {reasons}"


@st.composite
def cases(draw: st.DrawFn, policy: Policy = MINIMAL, *, text: int = 6) -> Case:
    """A tree that was built, and often changed once before, so that the target holds older files too."""
    tree, left = draw(small_trees(text=text)), frozenset[str]()
    base = target(tree.render())
    if draw(st.booleans()):
        earlier = case_of(tree, draw(small_changes(tree)), base)
        tree, (base, failed) = earlier.tree, run(earlier, steps(earlier.plan))
        left = frozenset(earlier.to_edit | earlier.blocked | failed)
    return case_of(tree, draw(small_changes(tree)), base, policy, left)


def case_of(
    tree: Tree, after: Tree, base: tuple[Artifact, ...], policy: Policy = MINIMAL, left: frozenset[str] = frozenset()
) -> Case:
    outputs = after.render()
    return Case(tree.render(), outputs, base, plan_drawn(outputs, base, policy), after, left)


def target(tree: Sequence[Output]) -> tuple[Artifact, ...]:
    """Where all of the tree was built; trees in which two things exclude each other from the start are left out."""
    try:
        return forge_all(tree)
    except UnbuildableError:
        assume(False)
        raise


@dataclass(frozen=True)
class Step:
    """What running a job takes of it."""

    key: str
    kind: JobKind
    outputs: tuple[Output, ...]
    parents: frozenset[str]
    must_contain: Mapping[str, frozenset[str]]


def steps(plan: Plan) -> list[Step]:
    """The jobs of a plan in its order."""
    return [Step(job.key, job.kind, job.outputs, job.parents, job.must_contain) for job in plan.jobs]


def run(case: Case, jobs: Iterable[Step]) -> tuple[tuple[Artifact, ...], set[str]]:
    """The target after these jobs, one after the other, each with what was there when it began, and who failed.

    Only those may fail whose recipe the farm wants edited beside, that are built with one of which it wants that,
    whose text asks for what an earlier change left behind and nothing of this one touches, and those that wait.
    """
    channel, failed, lost = [*case.base, *case.arrived], set[str](), set[str]()
    for job in jobs:
        if job.kind is not JobKind.BUILD:
            if job.parents & lost:
                lost.add(job.key)
            continue
        names = {output.name for output in job.outputs}
        try:
            if not job.parents & lost:
                channel += build(job, channel, case.arrived)
                continue
        except UnbuildableError:
            excused = around(case, job.outputs) & case.to_edit or asks_for_what_was_left(case, job.outputs)
            assert excused, f"{job.key} has no environment"
        lost.add(job.key)
        failed |= names
    return tuple(channel), failed


def around(case: Case, outputs: Iterable[Output]) -> set[str]:
    """The outputs, what they name in build and host, and all that this runs with."""
    latest = newest(case.base)
    waiting = [r.name for o in outputs for r in o.in_section(Section.BUILD, Section.HOST)]
    found = {output.name for output in outputs}
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [dependency.name for dependency in latest[name].depends]
    return found


def asks_for_what_was_left(case: Case, outputs: Iterable[Output]) -> bool:
    """Whether a host spec is not met by what the tree made before this change already."""
    now = {output.name: output.version for output in case.before}
    asked = (r for o in outputs for r in o.in_section(Section.BUILD, Section.HOST))
    wanted = (r for r in asked if r.origin in (Origin.TEXT, Origin.VARIANT))
    return any(r.name in now and r.name not in case.moved and not meets(r.spec, now[r.name]) for r in wanted)


def build(job: Step, channel: Sequence[Artifact], arrived: Sequence[Artifact]) -> list[Artifact]:
    """What a job makes. Raises UnbuildableError where a file that the plan promises is not in its environment.

    Of what another channel has the plan promises nothing, but a build that asks for it is made for the new.
    """
    made: list[Artifact] = []
    there: dict[str, set[str]] = {"build": set(), "host": set()}
    for output in job.outputs:
        artifact, build_env, host_env = forge(output, [*channel, *made])
        made.append(artifact)
        for section, environment in (("build", build_env), ("host", host_env)):
            there[section] |= {a.file_name for a in environment.values()}
    missing = {file for section, files in job.must_contain.items() for file in files - there[section]}
    for artifact in arrived:
        for requirement in (r for o in job.outputs for r in o.in_section(Section.BUILD, Section.HOST)):
            if requirement.name == artifact.name and meets(requirement.spec, artifact.version):
                missing |= {artifact.file_name} - there[requirement.section]
    if missing:
        raise UnbuildableError(f"{job.key} was made without {missing}")
    return made


def together(channel: Sequence[Artifact], names: Sequence[str], freed: Iterable[str] = ()) -> Environment | None:
    """The newest of each of these names in one environment; ``freed`` are as if their text had been edited."""
    free = set(freed)
    files = [_freed(artifact) if artifact.name in free else artifact for artifact in channel]
    latest = newest(files)
    return solve(files, (), [latest[name] for name in dict.fromkeys(names)])


def _freed(artifact: Artifact) -> Artifact:
    bare = tuple(replace(d, spec=name_in(d.spec)) for d in artifact.depends)
    return replace(artifact, depends=bare, constrains=())


# Soundness -----------------------------------------------------------------------------------------------------------


def held_back(case: Case, after: Sequence[Artifact], failed: Collection[str]) -> list[tuple[str, str]]:
    """Pairs of newest files that could be installed together before and no longer can.

    One is a dependent, the other something that moved. Where only a text that the farm wants edited keeps them
    apart, they are not counted.
    """
    excused = {*case.to_edit, *case.blocked, *failed}
    pairs = [(d, p) for d in case.members for p in case.moved if d != p and d not in excused]
    return [
        pair for pair in pairs
        if together(case.base, pair) is not None and together(after, pair, excused) is None
    ]  # fmt: skip


@given(cases())
@quickly
def test_what_could_be_installed_with_the_old_can_be_installed_with_the_new(case: Case) -> None:
    event(f"{len(case.to_edit)} to be edited")
    event(f"{min(len(case.moved), 4)} built")
    after, failed = run(case, steps(case.plan))
    event(f"{len(case.blocked)} blocked")
    event(f"{len(failed)} fail beside an edit")
    assert held_back(case, after, failed) == []


@st.composite
def upstream_cases(draw: st.DrawFn) -> Case:
    """A tree whose first recipe is another channel's: its packages move, and no recipe here says so."""
    tree = draw(small_trees())
    base = target(tree.render())
    first, rest = tree.recipes[0], Tree(tree.recipes[1:], tree.pins)
    assume(first.name not in tree.pins)
    news = Tree((changed(first, draw(st.sampled_from(["major", "minor"]))),)).render()
    arrived = forge_all(news)
    old = {artifact.name: artifact for artifact in base}
    own = tuple(artifact for artifact in base if artifact.recipe != first.name)
    moves = [Move(artifact, old[artifact.name]) for artifact in arrived]
    outputs = draw(small_changes(rest)).render() if draw(st.booleans()) else rest.render()
    decision = decide(make_reading(*outputs), own, MINIMAL, moves)
    plan = schedule_drawn(arrange(decision), outputs, own)
    return Case(rest.render(), outputs, base, plan, rest, arrived=arrived)


@given(upstream_cases())
@quickly
def test_what_another_channel_moved_holds_nobody_back(case: Case) -> None:
    event(f"{min(len(case.moved), 4)} moved")
    after, failed = run(case, steps(case.plan))
    assert held_back(case, after, failed) == []


@given(cases(text=2))
@quickly
def test_what_is_blocked_could_not_have_been_built_for_what_moved(case: Case) -> None:
    event("blocked" if case.blocked else "nothing blocked")
    after, _ = run(case, steps(case.plan))
    outputs = {output.name: output for output in case.after}
    for name in case.blocked:
        about = case.members[name].reasons[0].about
        try:
            made, _, host = forge(numbered(outputs[name], 99, {}), after)
        except UnbuildableError:
            continue
        with_the_new = host.get(about) == newest(after)[about] or about not in host
        assert not with_the_new or together((*after, made), (name, about)) is None


# Minimality ----------------------------------------------------------------------------------------------------------


def stated(case: Case, member: Member) -> bool:
    """Whether a rule that speaks of contents and names, not of what can be installed, is true of the member."""
    return any(_is_true(case, member.output, reason) for reason in member.reasons)


def _is_true(case: Case, output: Output, reason: Reason) -> bool:
    known = [a for a in case.base if (a.subdir, a.name, a.hash) == (output.subdir, output.name, output.hash)]
    if reason.rule is Rule.CHANGED:
        return all((a.version, a.fingerprint) != (output.version, output.fingerprint) for a in known)
    if reason.rule in (Rule.NEW, Rule.R3, Rule.R14):
        return not known
    if reason.rule is Rule.R10:
        return reason.about in case.moved and any(_is_hidden(a, reason.about) for a in known)
    if reason.rule is Rule.R11:
        return reason.about in case.moved and (
            any(d.name == reason.about and _names_a_build(d.spec) for a in known for d in a.depends)
            or any(r.name == output.name and _names_a_build(r.spec) for r in case.output(reason.about).requirements)
            or not known
        )
    return False


def _is_hidden(artifact: Artifact, name: str) -> bool:
    """Whether a package stood in host, named directly, and nothing that is recorded came from it or names it."""
    recorded = (*artifact.depends, *artifact.constrains)
    beside = any(u.section == "host" and u.direct and u.name == name for u in artifact.used)
    return beside and all(name not in (d.exporter, d.name) for d in recorded)


def _names_a_build(spec: str) -> bool:
    return spec.count(" ") == 2


def without(job: Step, left_out: Output) -> Step:
    """The job without one of its outputs, and promised nothing of it: the plan's own word is no proof."""
    promised = {
        section: frozenset(file for file in files if not file.startswith(f"{left_out.name}-{left_out.version}-"))
        for section, files in job.must_contain.items()
    }
    return replace(job, outputs=tuple(o for o in job.outputs if o.key != left_out.key), must_contain=promised)


@given(cases())
@quickly
def test_whoever_is_left_out_of_a_plan_is_held_back_unless_a_stated_rule_asks_for_it(case: Case) -> None:
    for member in case.plan.decision.having(Membership.REBUILD):
        if stated(case, member):
            event("stated")
            continue
        event("forced")
        jobs = [without(job, member.output) for job in steps(case.plan)]
        try:
            after, failed = run(case, jobs)
        except AssertionError:  # somebody else can no longer be built
            continue
        assert failed or held_back(case, after, failed), f"nothing needs {member.output.name}"


# Order, repetition, scope --------------------------------------------------------------------------------------------


@given(cases(), st.randoms())
@quickly
def test_any_order_that_minds_the_parents_builds_the_same(case: Case, random: Random) -> None:
    first, failed = run(case, steps(case.plan))
    again, lost = run(case, shuffled(steps(case.plan), random))
    assert failed == lost
    assert {_made(artifact) for artifact in first} == {_made(artifact) for artifact in again}


def _made(artifact: Artifact) -> tuple[Any, ...]:
    return (artifact.file_name, artifact.subdir, artifact.depends, artifact.constrains, frozenset(artifact.used))


def shuffled(jobs: Sequence[Step], random: Random) -> list[Step]:
    """The jobs in any order in which parents come first."""
    done, order, waiting = set[str](), list[Step](), list(jobs)
    while waiting:
        job = random.choice([job for job in waiting if job.parents <= done])
        waiting.remove(job)
        done.add(job.key)
        order.append(job)
    return order


@given(cases())
@quickly
def test_planning_again_on_what_was_built_gives_nothing(case: Case) -> None:
    after, failed = run(case, steps(case.plan))
    assume(not failed)
    again = plan_drawn(case.after, after)
    assert again.jobs == ()


@given(st.data())
@quickly
def test_a_wider_scope_never_builds_less(data: st.DataObject) -> None:
    case = data.draw(cases())
    wider = [plan_drawn(case.after, case.base, Policy(scope)) for scope in (Scope.DIRECT, Scope.TRANSITIVE)]
    minimal, direct, transitive = (
        {m.output.name for m in plan.decision.having(Membership.REBUILD)} for plan in (case.plan, *wider)
    )
    assert minimal <= direct <= transitive


@given(st.data())
@quickly
def test_what_moves_on_one_platform_touches_no_other_where_nothing_is_noarch(data: st.DataObject) -> None:
    drawn = data.draw(small_trees())
    tree = Tree(tuple(replace(recipe, noarch="") for recipe in drawn.recipes), drawn.pins)
    before, after = tree.render(), data.draw(small_changes(tree)).render()
    base = build_drawn(before)
    both = (*before, *_on("osx-64", after))
    decision = decide(make_reading(*both), (*base, *build_drawn(_on("osx-64", before))))
    alone = decide(make_reading(*after), base)
    assert all(m.membership is Membership.NOTHING for m in decision.members[: len(before)])
    assert [_judged(m) for m in decision.members[len(before) :]] == [_judged(m) for m in alone.members]


def _on(subdir: str, outputs: Sequence[Output]) -> Outputs:
    return tuple(replace(output, subdir=subdir, target_platform=subdir) for output in outputs)


def _judged(member: Member) -> tuple[str, Membership, set[Rule]]:
    return member.output.name, member.membership, {reason.rule for reason in member.reasons}


# What the laws found, drawn small --------------------------------------------------------------------------------


def decided(recipes: Sequence[Recipe], **kinds: str) -> dict[str, list[str]]:
    """Name to its membership and rules, when recipes change in these ways."""
    base = forge_all(Tree(tuple(recipes)).render())
    after = Tree(tuple(changed(r, kinds[r.name]) if r.name in kinds else r for r in recipes))
    plan = plan_drawn(after.render(), base)
    return {m.output.name: [m.membership.value, *(r.rule.value for r in m.reasons)] for m in plan.decision.members}


LIB = Recipe("lib", 1)


def test_a_changed_recipe_whose_text_keeps_it_on_the_old_package_is_told_so() -> None:
    app = Recipe("app", 1, text=("lib 1.*",), compatible=("lib",))
    assert decided([LIB, app], lib="major", app="content")["app"] == ["rebuild", "changed", "R4"]


def test_a_constraint_of_the_text_is_no_pin_because_run_pins_the_same_package() -> None:
    app = Recipe("app", 1, host=("lib",), compatible=("lib",), constrains=("lib <2.0a0",))
    assert decided([LIB, app], lib="major")["app"] == ["rebuild", "R1", "R18"]


def test_what_is_built_with_something_that_an_edit_keeps_on_the_old_package_waits_for_the_edit() -> None:
    held = Recipe("held", 1, text=("lib 1.*",), compatible=("lib",))
    app = Recipe("app", 1, host=("lib", "held"), compatible=("lib",))
    found = decided([LIB, held, app], lib="major")
    assert found["held"] == ["recipe edit", "R4"]
    assert found["app"] == ["blocked", "R19", "R1"]


def test_a_rebuild_that_another_host_spec_keeps_on_an_old_package_says_so() -> None:
    lib = Recipe("lib", 1, sibling=True)
    app = Recipe("app", 1, host=("lib",), text=("lib-x 1.*",), run=("lib-x",), compatible=("lib",))
    assert "R4" in decided([lib, app], lib="major")["app"]


def test_a_variant_that_a_pin_made_new_is_told_what_text_keeps_it_on_the_old_package() -> None:
    app = Recipe("app", 1, build=("lib",), text=("lib 1.*",))
    before, after = Tree((LIB, app), {"lib": 1}), Tree((changed(LIB, "major"), app), {"lib": 2})
    decision = plan_drawn(after.render(), forge_all(before.render())).decision
    assert [reason.rule for reason in decision.members[1].reasons] == [Rule.R3, Rule.R4]


def test_what_a_pin_that_stays_behind_keeps_on_the_old_package_is_not_rebuilt_in_vain() -> None:
    app = Recipe("app", 1, host=("lib",), compatible=("lib",))
    before, after = Tree((LIB, app), {"lib": 1}), Tree((changed(LIB, "major"), app), {"lib": 1})
    decision = plan_drawn(after.render(), forge_all(before.render())).decision
    assert decision.members[1].membership is not Membership.REBUILD
