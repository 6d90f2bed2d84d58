"""What a tree wants beyond what is forced, and what a person keeps from being built."""

from dataclasses import replace
from datetime import date

from controller.domain.overrides import Override, OverrideKind
from controller.domain.plans import Decision
from controller.domain.recipes import Output
from controller.domain.wording import reason_sentence
from controller.planning.impact import decide
from controller.planning.policy import MINIMAL, Policy, Scope
from tests.kit.drawing import build_drawn, make_output, make_reading, memberships

LIB = make_output("lib", "1.4", weak=["lib >=1.4,<2.0a0"])
LIB_2 = make_output("lib", "2.0", weak=["lib >=2.0,<3.0a0"])
LIB_15 = make_output("lib", "1.5", weak=["lib >=1.5,<2.0a0"])
TODAY = date(2026, 11, 1)


def decided(before: list[Output], after: Output, policy: Policy) -> Decision:
    outputs = [after if output.name == after.name else output for output in before]
    return decide(make_reading(*outputs), build_drawn(before), policy)


def override(kind: OverrideKind = OverrideKind.SKIP, **values: object) -> Policy:
    given = {"packages": ("app*",), "author": "jane", "reason": "no compiler", "until": date(2027, 3, 31)} | values
    return Policy(overrides=(Override(kind, **given),))  # type: ignore[arg-type]


def test_a_package_that_is_skipped_is_not_built_and_moves_nobody() -> None:
    app, user = make_output("app", weak=["app >=1.0,<1.1.0a0"], host=["lib"]), make_output("user", host=["app"])
    decision = decided([LIB, app, user], LIB_2, override())
    assert memberships(decision) == {
        "lib": "rebuild changed",
        "app": "nothing overridden",
        "user": "nothing current",
    }
    first, second = decision.members[1].reasons
    assert reason_sentence(first) == (
        "It would be rebuilt for lib, but a person said no (skip, by jane until 2027-03-31: no compiler)."
    )
    assert second.rule == "R1"


def test_a_skip_for_one_subdir_leaves_the_others_alone() -> None:
    app, other = make_output("app", host=["lib"]), make_output("app", host=["lib"], subdir="osx-64", recipe="app")
    lib = make_output("lib", "1.4", weak=["lib >=1.4,<2.0a0"], subdir="osx-64")
    before = build_drawn([LIB, lib, app, other])
    after = replace(lib, version="2.0", run_exports=LIB_2.run_exports)
    decision = decide(make_reading(LIB_2, after, app, other), before, override(subdirs=("osx-64",)))
    assert [member.membership.value for member in decision.members] == ["rebuild", "rebuild", "rebuild", "nothing"]


def test_a_package_is_built_only_where_it_is_allowed_and_noarch_anyway() -> None:
    app, pure = make_output("app", host=["lib"]), make_output("app-data", noarch="generic", content="1")
    policy = override(OverrideKind.ONLY_ON, subdirs=("win-64",))
    decision = decide(make_reading(LIB_2, app, pure), build_drawn([LIB, app]), policy)
    assert memberships(decision) == {"lib": "rebuild changed", "app": "nothing overridden", "app-data": "rebuild new"}


def test_an_override_ends() -> None:
    policy = override(until=date(2026, 10, 31))
    app = make_output("app", host=["lib"])
    assert memberships(decided([LIB, app], LIB_2, policy.on(TODAY)))["app"] == "rebuild R1"
    assert memberships(decided([LIB, app], LIB_2, policy.on(date(2026, 10, 31))))["app"] == "nothing overridden"
    assert override(until=None).on(TODAY).overrides


def test_a_package_has_a_scope_of_its_own() -> None:
    app, above = make_output("app", host=["lib"]), make_output("above", host=["app"])
    direct = Policy(packages=(("lib", Scope.DIRECT),))
    assert memberships(decided([LIB, app, above], LIB_15, direct))["app"] == "rebuild R2"
    assert (
        memberships(decided([LIB, app, above], LIB_15, Policy(packages=(("app", Scope.DIRECT),))))["app"] == "retest R2"
    )
    less = Policy(scope=Scope.TRANSITIVE, packages=(("li*", Scope.MINIMAL),))
    assert memberships(decided([LIB, app, above], LIB_15, less))["app"] == "retest R2"


def test_a_code_generator_rebuilds_what_it_writes_a_part_of() -> None:
    before = [make_output("protoc", "3.0"), make_output("app", build=["protoc"])]
    after = make_output("protoc", "4.0")
    assert memberships(decided(before, after, MINIMAL))["app"] == "nothing R6"
    decision = decided(before, after, Policy(generators=("proto*",)))
    assert memberships(decision)["app"] == "rebuild R6"
    assert reason_sentence(decision.members[1].reasons[0]) == (
        "It is built with protoc, whose output is part of it: a code generator by policy."
    )


def test_what_is_no_part_of_its_users_is_left_alone_and_the_plan_says_so() -> None:
    before, after = [make_output("doxygen", "1.0"), make_output("app", host=["doxygen"])], make_output("doxygen", "1.1")
    assert memberships(decided(before, after, MINIMAL))["app"] == "rebuild R10"
    decision = decided(before, after, Policy(not_static=("doxygen",)))
    assert memberships(decision)["app"] == "nothing R10"
    assert "the policy leaves such alone" in reason_sentence(decision.members[1].reasons[0])
    assert memberships(decided(before, after, Policy(relink_static=False, static=("doxygen",))))["app"] == "rebuild R10"
