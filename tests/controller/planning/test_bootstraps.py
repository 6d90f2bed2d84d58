"""Circles: where they are cut, in how many stages they are built, and what would open one that nothing opens."""

from collections.abc import Sequence
from dataclasses import replace

from controller.domain.artifacts import Artifact
from controller.domain.circle_words import circle_sentences, deadlock_sentences
from controller.domain.plans import Circle, Deadlock, Plan
from controller.domain.recipes import Output
from controller.planning.impact import decide
from controller.planning.indexing import index_of
from controller.planning.plan import arrange
from tests.kit.drawing import build_drawn, make_output, make_reading, plan_drawn, schedule_drawn


def changed(*outputs: Output) -> list[Output]:
    """The same with another content."""
    return [replace(output, fingerprint=output.fingerprint[::-1]) for output in outputs]


def plan_of(outputs: Sequence[Output], base: Sequence[Artifact], *, upstream: bool = False) -> Plan:
    decision = decide(make_reading(*outputs), base)
    return schedule_drawn(arrange(decision, index_of(outputs, base), upstream=upstream), outputs, base)


def circle_of(plan: Plan) -> Circle:
    (found,) = plan.circles
    return found


def deadlock_of(plan: Plan) -> Deadlock:
    (found,) = plan.deadlocks
    return found


RING = (make_output("a", host=["c"]), make_output("b", host=["a"]), make_output("c", host=["b"]))


def test_a_ring_is_cut_once_and_built_twice() -> None:
    circle = circle_of(plan_of(changed(*RING), build_drawn(RING)))
    assert (len(circle.cuts), circle.stages, circle.exact) == (1, 2, True)
    assert set(circle.names) == {"a", "b", "c"}


def test_what_was_built_with_something_old_does_not_reach_the_last_stage() -> None:
    """Each needs each: whichever comes first, what the second stage has at a cut was built with something old."""
    each = (make_output("a", host=["b", "c"]), make_output("b", host=["a", "c"]), make_output("c", host=["a", "b"]))
    circle = circle_of(plan_of(changed(*each), build_drawn(each)))
    assert circle.stages == 3


def test_a_package_that_needs_itself_begins_with_its_old_self() -> None:
    compiler = make_output("rust", "2.0", build=["rust"])
    circle = circle_of(plan_of([compiler], build_drawn([make_output("rust", "1.0", build=["rust"])])))
    assert (circle.names, circle.stages) == (("rust",), 3)  # as compilers have always done it
    assert [cut.old for cut in circle.cuts] == [f"linux-64/rust-1.0-{make_output('rust', build=['rust']).build}.conda"]
    assert " is built with itself (linux-64), so it is built 3 times" in " ".join(circle_sentences(circle))


def test_the_cut_is_where_the_old_one_is_admitted() -> None:
    before = (make_output("a", "1.0", host=["b"]), make_output("b", "1.0", host=["a"]))
    after = (make_output("a", "2.0", host=["b >=2"]), make_output("b", "2.0", host=["a >=1"]))
    (cut,) = circle_of(plan_of(after, build_drawn(before))).cuts
    assert (cut.user, cut.provider, cut.spec) == ("b", "a", "a >=1")


def test_an_old_package_that_excludes_what_is_new_beside_it_opens_nothing() -> None:
    """The old b runs with the old lib alone, and a has the new lib in the same environment."""
    lib, new = make_output("lib", "1.0", weak=["lib >=1.0,<2"]), make_output("lib", "2.0", weak=["lib >=2.0,<3"])
    pair = (make_output("a", host=["b", "lib"]), make_output("b", host=["a", "lib"]))
    deadlock = deadlock_of(plan_of([new, *changed(*pair)], build_drawn([lib, *pair])))
    assert set(deadlock.names) == {"a", "b"}
    assert {cut.excluded for cut in deadlock.cuts} == {"lib >=1.0,<2"}


def test_another_channel_opens_a_circle_of_which_the_target_has_nothing() -> None:
    assert circle_of(plan_of(RING, (), upstream=True)).cuts[0].old == ""
    assert plan_of(RING, ()).deadlocks


def test_what_needs_a_circle_that_is_not_built_is_named_and_the_fewest_specs_that_would_open_it() -> None:
    deadlock = deadlock_of(plan_drawn([*RING, make_output("app", host=["c"]), make_output("end", host=["app"])]))
    assert deadlock.held == ("app", "end")
    assert len(deadlock.cuts) == 1
    said = list(deadlock_sentences(deadlock))
    assert said[0].endswith("they are not built, nor is what needs them: app, end.")
    assert said[1].startswith("It would open if there were a ")


def test_a_spec_that_only_the_new_one_meets_is_what_would_have_to_be_relaxed() -> None:
    before = (make_output("a", "1.0", host=["b"]), make_output("b", "1.0", host=["a"]))
    after = (make_output("a", "2.0", host=["b >=2"]), make_output("b", "2.0", host=["a >=2"]))
    deadlock = deadlock_of(plan_of(after, build_drawn(before)))
    (cut,) = deadlock.cuts
    assert list(deadlock_sentences(deadlock))[1] == (
        f"It would open if {cut.old.split('/')[1]} could stand in: {cut.user} asks for '{cut.provider} >=2' in host."
    )


def test_an_output_that_pins_another_of_its_recipe_goes_round_with_it() -> None:
    lib = make_output("a", recipe="a", host=["b"])
    tools = make_output("a-tools", recipe="a", pinned=[f"a 1.0 {lib.build}"])
    outputs = (lib, tools, make_output("b", host=["a"]))
    plan = plan_of(changed(*outputs), build_drawn(outputs))
    of_stage = [job for job in plan.jobs if job.stage]
    assert sorted(tuple(o.name for o in job.outputs) for job in of_stage) == [("a", "a-tools"), ("b",)]
