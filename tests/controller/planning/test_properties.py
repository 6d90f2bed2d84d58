"""What must hold of every plan, whatever the tree and whatever the change."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.domain.jobs import JobKind
from controller.domain.plans import Circle, Membership, Plan, PlannedJob
from controller.domain.recipes import Origin, Output, Section
from controller.domain.rule_words import RULE_WORDS
from controller.planning.providers import Providers
from controller.planning.specs import admits
from tests.kit.drawing import build_drawn, execute, plan_drawn
from tests.kit.worlds import changes, trees

quickly = settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))


def planned_change(data: st.DataObject, *, circles: bool = False) -> tuple[Plan, tuple[Output, ...], tuple]:
    before = data.draw(trees(circles=circles))
    after = data.draw(changes(before))
    base = build_drawn(before)
    return plan_drawn(after, base), after, base


def ancestors(plan: Plan) -> dict[str, set[str]]:
    """Job key to the keys of everything that ends before it starts. Fails if a parent comes later in the plan."""
    found: dict[str, set[str]] = {}
    for job in plan.jobs:
        found[job.key] = set(job.parents).union(*(found[parent] for parent in job.parents))
    return found


@given(st.data())
@quickly
def test_every_output_is_in_exactly_one_membership_and_has_a_reason(data: st.DataObject) -> None:
    plan, after, _ = planned_change(data)
    assert [member.output for member in plan.decision.members] == list(after)
    assert all(member.reasons for member in plan.decision.members)


@given(st.data())
@quickly
def test_the_first_reason_is_one_that_can_decide_so(data: st.DataObject) -> None:
    plan, _, _ = planned_change(data)
    assert all(m.membership in RULE_WORDS[m.reasons[0].rule].verdicts for m in plan.decision.members)


@given(st.data())
@quickly
def test_no_job_comes_before_its_parents_even_with_circles(data: st.DataObject) -> None:
    plan, _, _ = planned_change(data, circles=True)
    assert len({job.key for job in plan.jobs}) == len(plan.jobs)
    ancestors(plan)
    waves = {job.key: job.wave for job in plan.jobs}
    for job in plan.jobs:
        assert all(waves[parent] < job.wave + (job.kind is not JobKind.BUILD) for parent in job.parents)


@given(st.data())
@quickly
def test_a_build_waits_for_the_builds_of_all_that_it_names_and_for_their_tests_unless_late(data: st.DataObject) -> None:
    plan, _, _ = planned_change(data)
    before = ancestors(plan)
    builds = {o.key: job for job in plan.jobs if job.kind is JobKind.BUILD for o in job.outputs}
    tests = {job.artifact: job for job in plan.jobs if job.kind is JobKind.TEST}
    outputs = [builds[m.output.key].outputs[0] if m.output.key in builds else m.output for m in plan.decision.members]
    providers = Providers.of([m.output for m in plan.decision.members])
    assert len(outputs) == len(providers.outputs)
    for place, member in enumerate(plan.decision.members):
        job = builds.get(member.output.key)
        if job is None:
            continue
        for requirement in member.output.in_section(Section.BUILD, Section.HOST):
            for provider in providers.of_name(requirement.name, place):
                parent = builds.get(providers.outputs[provider].key)
                if parent is not None and parent is not job:
                    assert parent.key in before[job.key]
                    file = next(o for o in parent.outputs if o.key == providers.outputs[provider].key)
                    test = tests[f"{file.subdir}/{file.file_name}"]
                    assert test.late or test.key in before[job.key]


@given(st.data())
@quickly
def test_a_test_waits_for_the_builds_of_all_that_it_runs_with(data: st.DataObject) -> None:
    plan, _, _ = planned_change(data, circles=True)
    before = ancestors(plan)
    builds = {o.name: job.key for job in plan.jobs if job.kind is JobKind.BUILD for o in job.outputs}
    for job in plan.jobs:
        if job.kind is not JobKind.BUILD:
            output = job.outputs[0]
            names = {r.name for r in output.in_section(Section.RUN)} | set(output.test_requirements)
            assert {builds[name] for name in names if name in builds} <= before[job.key]


@given(st.data())
@quickly
def test_what_is_published_was_made_with_nothing_old_of_its_circle_nor_with_what_was(data: st.DataObject) -> None:
    plan, _, _ = planned_change(data, circles=True)
    made = {o.file_name: job for job in plan.jobs if job.kind is JobKind.BUILD for o in job.outputs}
    for circle in plan.circles:
        for job in made.values():
            if job.stage or job.name not in circle.names or job.subdir != circle.subdir:
                continue
            inside = [made[file] for file in _had(job) if file in made and made[file].name in circle.names]
            assert not _olds(job, circle), (job, circle)
            assert all(not _olds(other, circle) for other in inside), (job, inside)


def _had(job: PlannedJob) -> set[str]:
    return {file for files in job.must_contain.values() for file in files}


def _olds(job: PlannedJob, circle: Circle) -> set[str]:
    """Packages of its circle that it names and that no file of this plan stands for."""
    named = {r.name for o in job.outputs for r in o.in_section(Section.BUILD, Section.HOST)} & set(circle.names)
    return named - {file.rsplit("-", 2)[0] for file in _had(job)} - {o.name for o in job.outputs}


@given(st.data())
@quickly
def test_planning_again_after_execution_gives_nothing(data: st.DataObject) -> None:
    plan, after, base = planned_change(data, circles=True)
    again = plan_drawn(after, execute(plan, base))
    assert again.jobs == ()


@given(st.data())
@quickly
def test_after_execution_nobody_is_held_back_by_an_exported_bound(data: st.DataObject) -> None:
    """Soundness: every output that was built against the tree as it was runs with the tree as it is."""
    plan, after, base = planned_change(data)
    target = execute(plan, base)
    newest = {}
    for artifact in target:
        newest[artifact.subdir, artifact.name] = artifact
    edits = {m.output.name for m in plan.decision.having(Membership.EDIT)}
    for output in after:
        artifact = newest[output.subdir, output.name]
        for dependency in artifact.depends:
            if dependency.origin is Origin.TEXT or output.name in edits:
                continue
            found = [a for a in newest.values() if a.name == dependency.name]
            assert any(admits(dependency.spec, a.version, a.build) for a in found), (artifact.name, dependency)


@given(st.data())
@quickly
def test_no_file_name_is_used_twice(data: st.DataObject) -> None:
    plan, _, base = planned_change(data)
    used = {f"{artifact.subdir}/{artifact.file_name}" for artifact in base}
    built = [f"{o.subdir}/{o.file_name}" for job in plan.jobs if job.kind is JobKind.BUILD for o in job.outputs]
    assert len(set(built)) == len(built)
    assert used.isdisjoint(built)


@given(st.data())
@quickly
def test_what_no_circle_locks_is_published_once_and_tested_once_and_every_retest_is_a_job(data: st.DataObject) -> None:
    plan, _, _ = planned_change(data, circles=True)
    built = [o.key for job in plan.jobs if job.kind is JobKind.BUILD and not job.stage for o in job.outputs]
    dead = {name for deadlock in plan.deadlocks for name in (*deadlock.names, *deadlock.held)}
    assert sorted(built) == sorted(
        m.output.key for m in plan.decision.having(Membership.REBUILD) if m.output.name not in dead
    )
    tests = [job.outputs[0].key for job in plan.jobs if job.kind is JobKind.TEST]
    assert sorted(tests) == sorted(built)
    retests = [job.artifact for job in plan.jobs if job.kind is JobKind.RETEST]
    wanted = sorted(m.artifact for m in plan.decision.having(Membership.RETEST))
    assert sorted(retests) == wanted if not dead else set(retests) <= set(wanted)
