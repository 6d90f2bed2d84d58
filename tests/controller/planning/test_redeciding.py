"""A new plan laid over the jobs of the old: what goes, what comes, who waits for whom, and where each job stands."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.differences import Turn
from controller.domain.jobs import BLOCKING, JOB_MOVES, SETTLED, JobEvent, JobKind, JobState
from controller.domain.plans import Plan, Reason, Rule
from controller.domain.recipes import Output
from controller.domain.transitions import advance
from controller.planning.impact import decide_on
from controller.planning.indexing import index_of
from controller.planning.interfaces import find_breaks
from controller.planning.numbers import assign
from controller.planning.outcomes import Outcomes, identity
from controller.planning.plan import schedule
from controller.planning.policy import Policy, Scope
from controller.planning.records import place_of
from controller.planning.redeciding import OPEN, Overlay, Standing, find_escalations, lay_over, resume, tell
from tests.kit.drawing import build_drawn, ledger_of, make_output, name_drawn
from workers.contract.interfaces import InterfaceFacts, LibraryFacts

W, R, B = JobState.WAITING, JobState.READY, JobState.BLOCKED


def chain(content: str = "") -> tuple[Output, ...]:
    """lib; mid and other are built with it; leaf with mid; app runs with lib alone."""
    return (
        make_output("lib", weak=["lib >=1.0,<2"], content=content),
        make_output("mid", host=["lib"], weak=["mid >=1.0,<2"]),
        make_output("leaf", host=["mid"]),
        make_output("app", run=["lib"]),
    )


BASE = build_drawn(chain())
AFTER = chain("changed")
LIB, MID, LEAF, APP = AFTER


def plan_with(scope: Scope, outcomes: Outcomes | None = None, planned: Sequence[Output] = ()) -> Plan:
    """The plan of the change; outputs that were ``planned`` before keep their names."""
    decision = decide_on(index_of(AFTER, BASE), Policy(scope), outcomes=outcomes or Outcomes())
    kept = {identity(output): output for output in planned}
    named = [kept.get(identity(o), o) for o in name_drawn(AFTER, assign(decision, ledger_of(BASE)))]
    return schedule(decision, named)


def standing(plan: Plan, states: Mapping[tuple[str, str], JobState]) -> list[Standing]:
    """The plan's jobs as they stand; those that are not named wait."""
    return [
        Standing(
            id=number, kind=job.kind, state=states.get((job.kind.value, job.name), W), name=job.name,
            subdir=job.subdir, reasons=job.reasons, outputs=tuple(map(identity, job.outputs)),
            files=tuple(f"{o.subdir}/{o.file_name}" for o in job.outputs) if job.kind is JobKind.BUILD
            else (job.artifact,),
        )
        for number, job in enumerate(plan.jobs, start=1)
    ]  # fmt: skip


def names(jobs: Sequence[Standing], ids: object) -> set[tuple[str, str]]:
    return {(job.kind.value, job.name) for job in jobs if job.id in ids}  # type: ignore[operator]


def laid(
    before: Plan, after: Plan, states: Mapping[tuple[str, str], JobState], still: frozenset[str] = frozenset()
) -> tuple[list[Standing], Overlay]:
    jobs = standing(before, states)
    return jobs, lay_over(after, jobs, still)


BUILT = {("build", "lib"): JobState.PASSED}
STILL = Outcomes(still=frozenset({identity(LIB)}))


def test_the_same_plan_again_changes_no_job() -> None:
    plan = plan_with(Scope.TRANSITIVE)
    jobs, overlay = laid(plan, plan, BUILT)
    assert not any((overlay.added, overlay.dropped, overlay.revived, overlay.escalated))
    hung = {job.id: job for job in jobs if job.state in OPEN}
    assert overlay.hung.keys() == hung.keys()
    by_key = {job.key: number for number, job in enumerate(plan.jobs, start=1)}
    for number, hanging in overlay.hung.items():
        assert hanging.waits_for == {by_key[parent] for parent in plan.jobs[number - 1].parents}
        assert not hanging.waits_for_new


def test_what_came_out_the_same_leaves_its_cascade_without_work() -> None:
    jobs, overlay = laid(
        plan_with(Scope.TRANSITIVE), plan_with(Scope.TRANSITIVE, STILL), BUILT, still=frozenset({"lib"})
    )
    dropped = {("build", "mid"), ("test", "mid"), ("build", "leaf"), ("test", "leaf"), ("retest", "app")}
    assert names(jobs, overlay.dropped) == dropped
    assert {(reason.rule, reason.about) for reason in overlay.dropped.values()} == {(Rule.UNCHANGED, "lib")}
    assert not overlay.added
    told = [(change.turn, change.kind, change.name) for change in tell(overlay, jobs, {"lib": "linux-64/lib"})]
    assert told[0] == (Turn.STOPPED, "build", "lib")
    assert set(told[1:]) == {(Turn.DROPPED, kind, name) for kind, name in dropped if kind != "test"}


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.PASSED, JobState.FAILED, JobState.CANCELLED])
def test_what_has_begun_stays_as_it_is(state: JobState) -> None:
    begun = BUILT | {("build", "mid"): state}
    jobs, overlay = laid(plan_with(Scope.TRANSITIVE), plan_with(Scope.TRANSITIVE, STILL), begun)
    assert ("build", "mid") not in names(jobs, overlay.dropped)
    assert ("build", "mid") not in names(jobs, overlay.hung)


def forced(output: Output, rule: Rule = Rule.R17) -> Outcomes:
    return Outcomes(forced={identity(output): Reason(rule, "lib", path=("lib", output.name), detail="x")})


def test_who_must_be_rebuilt_after_all_is_built_and_tested_instead_of_retested() -> None:
    before = plan_with(Scope.MINIMAL)
    jobs, overlay = laid(before, plan_with(Scope.MINIMAL, forced(MID), planned_of(before)), BUILT)
    assert {(added.job.kind.value, added.job.name) for added in overlay.added} == {("build", "mid"), ("test", "mid")}
    assert names(jobs, overlay.dropped) == names(jobs, overlay.replaced) == {("retest", "mid")}
    (change,) = tell(overlay, jobs, {})
    assert (change.turn, change.kind, change.name, change.reason.rule) == (Turn.ESCALATED, "build", "mid", Rule.R17)


def planned_of(plan: Plan) -> list[Output]:
    return [output for job in plan.jobs if job.kind is JobKind.BUILD for output in job.outputs]


def test_what_comes_waits_for_what_is_there_and_what_is_there_for_what_comes() -> None:
    before = plan_with(Scope.MINIMAL)
    jobs, overlay = laid(before, plan_with(Scope.MINIMAL, forced(MID), planned_of(before)), BUILT)
    build = next(added for added in overlay.added if added.job.kind is JobKind.BUILD)
    assert names(jobs, build.waits_for) == {("build", "lib"), ("test", "lib")}
    (leaf,) = [hanging for hanging in overlay.hung.values() if hanging.job.name == "leaf"]
    assert leaf.waits_for_new == {build.job.key}


def test_a_retest_that_did_not_pass_is_escalated_once_its_package_is_rebuilt() -> None:
    before = plan_with(Scope.MINIMAL)
    for state in (JobState.FAILED, JobState.UNSOLVABLE):
        states = BUILT | {("retest", "app"): state}
        jobs, overlay = laid(before, plan_with(Scope.MINIMAL, forced(APP, Rule.R19), planned_of(before)), states)
        assert names(jobs, overlay.escalated) == {("retest", "app")}
        assert not overlay.dropped
    _, overlay = laid(before, plan_with(Scope.MINIMAL, None, planned_of(before)), states)
    assert not overlay.escalated


def test_what_was_not_needed_and_is_again_is_taken_up_under_its_old_name() -> None:
    before = plan_with(Scope.TRANSITIVE)
    states = BUILT | {("build", "mid"): JobState.NOT_NEEDED, ("test", "mid"): JobState.NOT_NEEDED}
    outcomes = Outcomes(STILL.still, forced=forced(MID).forced)
    jobs, overlay = laid(before, plan_with(Scope.TRANSITIVE, outcomes, planned_of(before)), states)
    assert names(jobs, overlay.revived) == {("build", "mid"), ("test", "mid")}
    assert not overlay.added


def test_of_a_build_that_grows_only_the_new_output_is_built_and_after_the_old() -> None:
    """Outputs that pin each other are one unit of the new plan; the old job keeps what it has."""
    lib = make_output("lib", recipe="r", content="x")
    tools = make_output("tools", recipe="r", pinned=[f"lib ==1.0 {lib.build}"])
    one = schedule(decide_on(index_of((lib,), ())), (lib,))
    both = schedule(decide_on(index_of((lib, tools), ())), (lib, tools))
    jobs = standing(one, {("build", "lib"): JobState.RUNNING})
    overlay = lay_over(both, jobs)
    build = next(added for added in overlay.added if added.job.kind is JobKind.BUILD)
    assert [output.name for output in build.job.outputs] == ["tools"]
    assert names(jobs, build.waits_for) == {("build", "lib")}


def interface(symbols: Sequence[str] = (), imported: Sequence[str] = ()) -> InterfaceFacts:
    name = "liblib.so.1"
    if imported:
        user = LibraryFacts(path="bin/x", format="elf", needed=(name,), imported={"": tuple(imported)})
        return InterfaceFacts(libraries=(user,))
    return InterfaceFacts(libraries=(LibraryFacts(path=name, format="elf", name=name, exported=tuple(symbols)),))


def test_only_who_is_retested_and_uses_what_is_gone_is_escalated() -> None:
    index = index_of(AFTER, BASE)
    decision = decide_on(index)
    breaks = {"lib": find_breaks(interface(["a", "b"]), interface(["a"]))}
    taken = {"mid": ["b"], "app": ["a"], "leaf": ["b"], "lib": ["b"]}
    found = find_escalations(index, decision, breaks, lambda artifact: interface(imported=taken[artifact.name]))
    assert {key[1]: reason.detail for key, reason in found.items()} == {
        "mid": "b of liblib.so.1", "leaf": "b of liblib.so.1",
    }  # fmt: skip
    reason = found[identity(MID)]
    assert (reason.rule, reason.about, reason.path) == (Rule.R17, "lib", ("lib", "mid"))
    assert reason.spec == next(d.spec for a in BASE if place_of(a).startswith("linux-64/mid") for d in a.depends)
    assert find_escalations(index, decision, breaks, lambda _: None) == {}


# ---- where each open job stands ---------------------------------------------------------------------------------


def test_an_open_job_stands_where_its_parents_put_it() -> None:
    states = {1: JobState.PASSED, 2: W, 3: W, 4: JobState.FAILED, 5: R, 6: B, 7: W, 8: JobState.NOT_NEEDED, 9: B}
    parents = {2: (1,), 3: (2,), 5: (4,), 6: (1, 8), 7: (5,), 9: (2,)}
    found = resume(states, frozenset(), parents, held=False)
    assert {n: (r.open_parents, end(states[n], r.events)) for n, r in found.items()} == {
        2: (0, R), 3: (1, W), 5: (1, B), 6: (0, R), 7: (1, B), 9: (1, W),
    }  # fmt: skip
    assert (found[5].fault, found[7].fault) == (4, 4)


def end(state: JobState, events: Sequence[JobEvent]) -> JobState:
    for event in events:
        state = advance(JOB_MOVES, state, event)
    return state


def test_nothing_is_ready_after_what_is_due_or_in_a_batch_that_is_held() -> None:
    states, parents = {1: JobState.PASSED, 2: R, 3: W}, {2: (1,), 3: ()}
    assert end(R, resume(states, {1}, parents, held=False)[2].events) is W
    held = resume(states, frozenset(), parents, held=True)
    assert [end(states[n], r.events) for n, r in held.items()] == [W, W]
    assert [r.open_parents for r in held.values()] == [0, 0]


numbers = st.integers(1, 12)


@given(st.data())
def test_resuming_is_the_same_as_asking_each_job_and_twice_is_once(data: st.DataObject) -> None:
    """The law, on drawn graphs: blocked below a fault, ready when all above are settled and none is due."""
    size = data.draw(numbers)
    states = {n: data.draw(st.sampled_from(list(JobState))) for n in range(size)}
    parents = {n: tuple(data.draw(st.sets(st.integers(0, n - 1), max_size=3))) if n else () for n in range(size)}
    due = {n for n in range(size) if states[n] is JobState.PASSED and data.draw(st.booleans())}
    stops = BLOCKING | {JobState.CANCELLED}
    found = resume(states, due, parents, held=False)
    assert found.keys() == {n for n, state in states.items() if state in OPEN}

    def blocked(n: int) -> bool:
        return any(states[p] in stops or (states[p] in OPEN and blocked(p)) for p in parents[n])

    after = dict(states)
    for n, resumed in found.items():
        free = all(states[p] in SETTLED and p not in due for p in parents[n])
        after[n] = end(states[n], resumed.events)
        assert after[n] is (B if blocked(n) else R if free else W)
    again = resume(after, due, parents, held=False)
    assert all(not resumed.events for resumed in again.values())
