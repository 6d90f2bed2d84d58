"""What of a broken batch is safe to publish: closed, tested, and holding nobody back."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.domain.artifacts import Artifact
from controller.domain.jobs import JobKind, JobState
from controller.domain.plans import Plan
from controller.planning.holdings import Holdings, file_of
from controller.planning.specs import admits
from controller.planning.subset import JobEnd, Subset, largest_safe_subset
from tests.kit.drawing import build_drawn, execute, make_output, plan_drawn
from tests.kit.worlds import changes, trees

LIB = make_output("lib", "1.4", weak=["lib >=1.4,<2.0a0"])
LIB_2 = make_output("lib", "2.0", weak=["lib >=2.0,<3.0a0"])
LIB_15 = make_output("lib", "1.5", weak=["lib >=1.4,<2.0a0"])
APP = make_output("app", host=["lib"])
OTHER = make_output("other")


def ends_of(plan: Plan, **broken: JobState) -> list[JobEnd]:
    """How the jobs ended: ``test_lib=FAILED``; what waits for a broken one is blocked, the rest passed."""
    states: dict[str, JobState] = {}
    found = []
    for job in plan.jobs:
        state = broken.get(f"{job.kind.value}_{job.name}", JobState.PASSED)
        if any(states[parent] is not JobState.PASSED for parent in job.parents):
            state = JobState.BLOCKED
        states[job.key] = state
        files = (job.artifact,) if job.artifact else tuple(f"{o.subdir}/{o.file_name}" for o in job.outputs)
        found.append(JobEnd(job.kind, job.name, job.subdir, state, files, job.key, tuple(job.parents)))
    return found


def settled(plan: Plan, base: tuple[Artifact, ...], **broken: JobState) -> Subset:
    ends = ends_of(plan, **broken)
    made = {f for end in ends if end.kind is JobKind.BUILD and end.state is JobState.PASSED for f in end.files}
    built = [a for a in execute(plan, base)[len(base) :] if file_of(a) in made]
    return largest_safe_subset(ends, base, built)


def names(subset: Subset) -> set[str]:
    return {file.split("/")[1].rsplit("-", 2)[0] for file in subset.publish}


def why(subset: Subset, name: str) -> tuple[str, tuple[str, ...]]:
    stay = next(stay for stay in subset.stays if stay.name == name)
    return stay.reason, stay.blocked_by


def test_a_batch_that_passed_is_published_whole() -> None:
    subset = settled(plan_drawn([LIB, APP]), ())
    assert (names(subset), subset.stays) == ({"lib", "app"}, ())


def test_a_failed_test_keeps_the_file_and_all_above_it() -> None:
    subset = settled(plan_drawn([LIB, APP, OTHER]), (), test_lib=JobState.FAILED)
    assert names(subset) == {"other"}
    assert why(subset, "lib") == ("Its test failed.", ("test of lib (linux-64)",))
    assert why(subset, "app") == (
        "Its build could not start, since a job before it failed.",
        ("test of lib (linux-64)",),
    )


def test_a_failed_build_keeps_the_file() -> None:
    subset = settled(plan_drawn([LIB, OTHER]), (), build_lib=JobState.UNSOLVABLE)
    assert names(subset) == {"other"}
    assert why(subset, "lib") == ("Its build could not be solved.", ("build of lib (linux-64)",))


def test_a_dependent_that_fails_its_retest_keeps_the_new_library_back() -> None:
    base = build_drawn([LIB, APP, OTHER])
    plan = plan_drawn([LIB_15, APP, replace(OTHER, fingerprint="new")], base)
    subset = settled(plan, base, retest_app=JobState.FAILED)
    assert names(subset) == {"other"}
    reason, blamed = why(subset, "lib")
    assert reason == "app (linux-64), which is not rebuilt, failed its tests with it."
    assert blamed == ("retest of app (linux-64)",)


def test_a_retest_that_never_ran_is_no_pass() -> None:
    base = build_drawn([LIB, APP])
    subset = settled(plan_drawn([LIB_15, APP], base), base, retest_app=JobState.QUARANTINED)
    assert names(subset) == set()


def test_a_dependent_whose_rebuild_fails_keeps_back_what_its_old_bound_excludes() -> None:
    base = build_drawn([LIB, APP])
    subset = settled(plan_drawn([LIB_2, APP], base), base, test_app=JobState.FAILED)
    assert names(subset) == set()
    reason, blamed = why(subset, "lib")
    assert reason == "app stays as it is, and its 'lib >=1.4,<2.0a0' excludes it."
    assert blamed == ("test of app (linux-64)",)


def test_a_dependent_that_fails_and_still_admits_the_new_library_does_not_keep_it_back() -> None:
    base = build_drawn([LIB, APP])
    plan = plan_drawn([LIB_15, replace(APP, fingerprint="changed")], base)
    assert names(settled(plan, base, test_app=JobState.FAILED)) == {"lib"}


def test_what_was_built_against_a_file_that_stays_stays_too() -> None:
    base = build_drawn([LIB, APP, make_output("user", run=["lib"])])
    plan = plan_drawn([LIB_15, replace(APP, fingerprint="changed"), make_output("user", run=["lib"])], base)
    subset = settled(plan, base, retest_user=JobState.FAILED)
    assert names(subset) == set()
    assert why(subset, "app") == (
        f"It was built against {LIB_15.file_name}, which stays behind.",
        ("retest of user (linux-64)",),
    )


def test_outputs_of_one_build_move_together() -> None:
    lib = make_output("lib", recipe="r")
    plan = plan_drawn([lib, make_output("tools", recipe="r", pinned=[f"lib 1.0 {lib.build}"])])
    subset = settled(plan, (), test_tools=JobState.FAILED)
    assert names(subset) == set()
    assert why(subset, "lib")[0] == "It is made together with tools, which stays behind."


def test_variants_of_one_version_move_together() -> None:
    outputs = [make_output("app", variant={"python": v}) for v in ("3.11", "3.12")]
    plan = plan_drawn(outputs)
    ends = [
        replace(end, state=JobState.FAILED) if end.kind is JobKind.TEST and outputs[0].build in end.files[0] else end
        for end in ends_of(plan)
    ]
    subset = largest_safe_subset(ends, (), execute(plan, ()))
    assert names(subset) == set()
    assert "Another variant of app 1.0 stays behind" in subset.stays[1].reason


def test_a_dependency_that_nobody_has_keeps_a_file_unless_other_channels_stand_behind() -> None:
    app = make_output("app", run=["openssl", "__glibc >=2.17"])
    plan = plan_drawn([app])
    assert names(settled(plan, ())) == set()
    built = execute(plan, ())
    assert largest_safe_subset(ends_of(plan), (), built, upstream=True).publish == {f"linux-64/{app.file_name}"}


def test_an_old_package_of_the_target_serves_a_new_dependent() -> None:
    base = build_drawn([LIB])
    plan = plan_drawn([LIB, APP], base)
    assert names(settled(plan, base)) == {"app"}


def test_what_an_earlier_settling_published_stays_published() -> None:
    plan = plan_drawn([LIB, OTHER])
    ends = ends_of(plan, test_other=JobState.FAILED)
    first = largest_safe_subset(ends, (), execute(plan, ()))
    assert names(first) == {"lib"}
    published = tuple(a for a in execute(plan, ()) if file_of(a) in first.publish)
    again = largest_safe_subset(ends_of(plan), published, [a for a in execute(plan, ()) if a not in published])
    assert (names(again), again.stays) == ({"lib", "other"}, ())


def test_a_batch_of_nothing_publishes_nothing() -> None:
    assert largest_safe_subset([], (), ()) == Subset(frozenset(), ())


@given(st.data())
@settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
def test_whatever_fails_the_published_set_is_closed_tested_and_holds_nobody_back(data: st.DataObject) -> None:
    before = data.draw(trees())
    base = build_drawn(before)
    plan = plan_drawn(data.draw(changes(before)), base)
    keys = [f"{job.kind.value}_{job.name}" for job in plan.jobs]
    broken = data.draw(st.lists(st.sampled_from(keys), max_size=3)) if keys else []
    subset = settled(plan, base, **dict.fromkeys(broken, JobState.FAILED))
    published = [a for a in execute(plan, base) if file_of(a) in subset.publish]
    after = Holdings.of((*base, *published))
    passed = {
        end.files[0]
        for end in ends_of(plan, **dict.fromkeys(broken, JobState.FAILED))
        if end.kind is JobKind.TEST and end.state is JobState.PASSED
    }
    planned = {f"{o.subdir}/{o.file_name}" for job in plan.jobs if job.kind is JobKind.BUILD for o in job.outputs}
    assert subset.publish | {stay.file for stay in subset.stays} == planned
    assert subset.publish <= passed
    assert all(stay.reason and (stay.blocked_by or not broken) for stay in subset.stays)
    for artifact in published:
        known = [d for d in artifact.depends if any(a.name == d.name for a in (*base, *execute(plan, base)))]
        assert all(after.meets(d.spec, artifact.subdir, upstream=False) for d in known)
    _nobody_is_held_back(base, published)


def _nobody_is_held_back(base: tuple[Artifact, ...], published: list[Artifact]) -> None:
    """Whoever is not published anew keeps an exported bound that what is published still meets."""
    news = {(a.subdir, a.name) for a in published}
    for old in base:
        if (old.subdir, old.name) in news:
            continue
        for dependency in old.depends:
            found = [a for a in published if a.name == dependency.name]
            if found and dependency.origin.value != "text":
                assert any(admits(dependency.spec, a.version, a.build) for a in found), (old.name, dependency.spec)


def beside(plan: Plan, *rebuilt: str, broken: dict[str, list[str]] | None = None, **states: JobState) -> Subset:
    """The plan's end, with retests of ``rebuilt`` that did not pass and were answered by builds of the plan."""
    base = build_drawn([LIB, APP])
    ends = ends_of(plan, **states)
    made = {f for end in ends if end.kind is JobKind.BUILD and end.state is JobState.PASSED for f in end.files}
    for name in rebuilt:
        old = next(file_of(artifact) for artifact in base if artifact.name == name)
        new = next(end.files for end in ends if end.kind is JobKind.BUILD and end.name == name)
        ends.append(JobEnd(JobKind.RETEST, name, "linux-64", JobState.ESCALATED, (old,), f"retest:{name}", (), new))
    built = [a for a in execute(plan, base)[len(base) :] if file_of(a) in made]
    return largest_safe_subset(ends, base, built, broken=broken)


def rebuilding() -> Plan:
    """Lib 1.5, which app's record admits, and app, which is built again all the same."""
    return plan_drawn([LIB_15, make_output("app", host=["lib"], content="again")], build_drawn([LIB, APP]))


def test_a_retest_that_a_rebuild_answers_keeps_nothing_back() -> None:
    assert names(beside(rebuilding(), "app")) == {"lib", "app"}


def test_if_that_rebuild_stays_behind_the_retest_counts() -> None:
    subset = beside(rebuilding(), "app", test_app=JobState.FAILED)
    assert names(subset) == set()
    reason = "app (linux-64), whose rebuild stays behind, failed its tests with it."
    assert why(subset, "lib") == (reason, ("retest of app (linux-64)",))


def test_what_a_dependent_that_stays_behind_uses_and_a_new_file_lacks_keeps_that_back() -> None:
    old = next(file_of(artifact) for artifact in build_drawn([LIB, APP]) if artifact.name == "app")
    safe = beside(rebuilding(), test_app=JobState.FAILED)
    assert names(safe) == {"lib"}
    subset = beside(rebuilding(), broken={old: ["lib"]}, test_app=JobState.FAILED)
    assert names(subset) == set()
    assert why(subset, "lib") == ("app stays as it is, and uses what is gone from lib.", ("test of app (linux-64)",))
    assert names(beside(rebuilding(), broken={old: ["lib"]})) == {"lib", "app"}
