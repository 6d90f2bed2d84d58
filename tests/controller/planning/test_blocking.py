"""What cannot be rebuilt before something beside it is repaired."""

from datetime import date

from controller.domain.overrides import Override, OverrideKind
from controller.domain.plans import Decision
from controller.domain.recipes import Output, RunExports
from controller.domain.wording import reason_sentence
from controller.planning.impact import decide
from controller.planning.policy import MINIMAL, Policy
from tests.kit.drawing import build_drawn, make_output, make_reading, memberships

LIB = make_output("lib", "1.4", weak=["lib >=1.4,<2.0a0"])
LIB_2 = make_output("lib", "2.0", weak=["lib >=2.0,<3.0a0"])
HELD = make_output("held", host=["lib 1.*"])


def moved(*others: Output, policy: Policy = MINIMAL) -> Decision:
    return decide(make_reading(LIB_2, *others), build_drawn([LIB, *others]), policy)


def test_what_is_built_beside_something_that_waits_for_an_edit_waits_too() -> None:
    decision = moved(HELD, make_output("app", host=["held", "lib"]), make_output("free", host=["lib"]))
    assert memberships(decision) == {
        "lib": "rebuild changed",
        "held": "recipe edit R4",
        "app": "blocked R19",
        "free": "rebuild R1",
    }
    first, second = decision.members[2].reasons
    assert reason_sentence(first) == (
        "It cannot be installed together with the new lib: held stays on the old one ('lib >=1.4,<2.0a0')."
    )
    assert second.rule == "R1"


def test_what_runs_with_it_waits_too_and_so_does_what_is_built_on_that() -> None:
    above = make_output("above", host=["lib"], run=["held"], weak=["above >=1.0,<1.1.0a0"])
    decision = moved(HELD, above, make_output("top", host=["above", "lib"]))
    assert memberships(decision)["above"] == "blocked R19"
    assert memberships(decision)["top"] == "blocked R19"


def test_a_constraint_of_what_stays_keeps_the_new_one_out_too() -> None:
    old = make_output("lib", "1.4", exports=RunExports(weak_constrains=("lib >=1.4,<2.0a0",)))
    new = make_output("lib", "2.0", exports=RunExports(weak_constrains=("lib >=2.0,<3.0a0",)))
    users = (HELD, make_output("app", host=["held", "lib"]), make_output("free", host=["lib"]))
    found = memberships(decide(make_reading(new, *users), build_drawn([old, *users])))
    assert (found["held"], found["app"], found["free"]) == ("recipe edit R4", "blocked R19", "rebuild R18")


def test_what_changed_itself_is_tried_whatever_stands_beside_it() -> None:
    app, after = make_output("app", host=["held", "lib"]), make_output("app", host=["held", "lib"], content="new")
    decision = decide(make_reading(LIB_2, HELD, after), build_drawn([LIB, HELD, app]))
    assert memberships(decision)["app"] == "rebuild changed"


def test_what_a_person_keeps_from_being_built_holds_others_back_and_the_plan_says_so() -> None:
    until = date(2027, 1, 1)
    policy = Policy(overrides=(Override(OverrideKind.SKIP, ("held",), "jane", "no compiler", until),))
    held = make_output("held", host=["lib"])
    decision = moved(held, make_output("app", host=["held", "lib"]), policy=policy)
    assert memberships(decision)["held"] == "nothing overridden"
    assert memberships(decision)["app"] == "blocked R19"


def test_a_tool_that_only_builds_holds_nobody_back() -> None:
    decision = moved(HELD, make_output("app", build=["held"], host=["lib"]))
    assert memberships(decision)["app"] == "rebuild R1"
