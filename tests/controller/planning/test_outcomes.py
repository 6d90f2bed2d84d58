"""Decided again with what came of it: what stayed the same stops the cascade, what turned out otherwise goes on."""

from dataclasses import replace

from controller.domain.plans import Decision, Reason, Rule
from controller.domain.recipes import Output, RunExports
from controller.planning.impact import decide_on
from controller.planning.indexing import index_of, updated
from controller.planning.outcomes import Outcomes, identity
from controller.planning.policy import Policy, Scope
from tests.kit.drawing import build_drawn, make_output, memberships

TRANSITIVE = Policy(Scope.TRANSITIVE)


def decided(before: tuple[Output, ...], after: tuple[Output, ...], outcomes: Outcomes, policy: Policy) -> Decision:
    return decide_on(index_of(after, build_drawn(before)), policy, outcomes=outcomes)


def chain(content: str = "") -> tuple[Output, ...]:
    """lib, what is built with it, what is built with that, and what only runs with the middle one."""
    return (
        make_output("lib", weak=["lib >=1.0,<2"], content=content),
        make_output("mid", host=["lib"], weak=["mid >=1.0,<2"]),
        make_output("leaf", host=["mid"]),
        make_output("app", run=["mid"]),
    )


def still(*outputs: Output) -> Outcomes:
    return Outcomes(still=frozenset(map(identity, outputs)))


def test_what_came_out_the_same_stops_the_cascade_of_a_policy() -> None:
    before, after = chain(), chain("a comment")
    hoped = decided(before, after, Outcomes(), TRANSITIVE)
    assert memberships(hoped) == {
        "lib": "rebuild changed",
        "mid": "rebuild R2",
        "leaf": "rebuild R2",
        "app": "retest R7",
    }
    found = decided(before, after, still(after[0]), TRANSITIVE)
    assert memberships(found) == {
        "lib": "rebuild changed", "mid": "nothing current", "leaf": "nothing current", "app": "nothing current",
    }  # fmt: skip


def test_in_the_middle_of_a_cascade_what_runs_through_it_is_still_retested() -> None:
    before, after = chain(), chain("a change")
    found = decided(before, after, still(after[1]), TRANSITIVE)
    assert memberships(found) == {
        "lib": "rebuild changed",
        "mid": "rebuild R2",
        "leaf": "retest R7",
        "app": "retest R7",
    }


def test_under_the_minimal_policy_it_stops_the_retests() -> None:
    before, after = chain(), chain("a comment")
    assert memberships(decided(before, after, still(after[0]), Policy()))["mid"] == "nothing current"


def test_static_users_are_not_linked_again_with_the_same() -> None:
    def world(content: str) -> tuple[Output, ...]:
        return make_output("headers", content=content), make_output("user", host=["headers"])

    after = world("x")
    assert memberships(decided(world(""), after, Outcomes(), Policy()))["user"] == "rebuild R10"
    assert memberships(decided(world(""), after, still(after[0]), Policy()))["user"] == "nothing current"


def test_exact_pins_follow_the_build_number_however_much_stays_the_same() -> None:
    def world(content: str) -> tuple[Output, ...]:
        lib = make_output("lib", content=content)
        return lib, make_output("tools", pinned=[f"lib ==1.0 {lib.build}"])

    after = world("x")
    assert memberships(decided(world(""), after, still(after[0]), Policy()))["tools"] == "rebuild R11"


def test_a_bound_that_excludes_the_new_version_counts_though_the_files_are_the_same() -> None:
    before = (make_output("lib", weak=["lib >=1.0,<1.1"]), make_output("user", host=["lib"]))
    after = (make_output("lib", "1.1", weak=["lib >=1.1,<1.2"]), before[1])
    assert memberships(decided(before, after, still(after[0]), Policy()))["user"] == "rebuild R1"


def test_what_is_forced_is_rebuilt_for_that_reason_and_moves_others() -> None:
    before, after = chain(), chain("a change")
    reason = Reason(Rule.R17, "lib", path=("lib", "mid"), detail="libx.so.1: x_old")
    forced = Outcomes(forced={identity(after[1]): reason})
    found = decided(before, after, forced, Policy())
    assert memberships(found)["mid"] == "rebuild R17"
    assert memberships(found)["leaf"] == "retest R2"
    assert {m.output.name: m.reasons for m in found.members}["mid"] == (reason,)


def test_what_is_forced_and_would_be_rebuilt_anyway_keeps_the_first_reason() -> None:
    before, after = chain(), chain("a change")
    forced = Outcomes(forced={identity(after[0]): Reason(Rule.R17, "other")})
    assert memberships(decided(before, after, forced, Policy()))["lib"] == "rebuild changed"


def test_what_is_forced_and_not_there_forces_nothing() -> None:
    before, after = chain(), chain()
    gone = Outcomes(
        forced={identity(make_output("gone")): Reason(Rule.R17, "lib")}, still=still(make_output("x")).still
    )
    assert set(memberships(decided(before, after, gone, Policy())).values()) == {"nothing current"}


def test_exports_as_they_came_are_decided_on_in_place_of_those_that_were_promised() -> None:
    """The library promised the old name; its file exports a new one, so what took the old one is left alone (R12)."""
    before = (make_output("lib", weak=["lib-abi1"]), make_output("lib-abi1"), make_output("user", host=["lib"]))
    after = (make_output("lib", weak=["lib-abi1"], content="x"), *before[1:])
    index = index_of(after, build_drawn(before))
    assert memberships(decide_on(index))["user"] == "nothing current"
    came = (replace(after[0], run_exports=RunExports(weak=("lib-abi2",))), *after[1:])
    again = updated(index, came, index.records.base)
    assert memberships(decide_on(again))["user"] == "nothing R12"
