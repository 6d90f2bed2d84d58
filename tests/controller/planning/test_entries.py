"""How a change enters a plan, and what leaves the tree with it."""

from dataclasses import replace

from controller.domain.artifacts import Artifact
from controller.domain.plans import Rule
from controller.domain.recipes import Output, RunExports
from controller.domain.wording import reason_sentence
from controller.planning.impact import decide
from controller.planning.moves import Move
from tests.kit.drawing import build_drawn, make_artifact, make_output, make_reading, memberships


def for_python(python: str, **values: object) -> Output:
    return make_output("numpy", recipe="numpy", variant={"python": python}, **values)  # type: ignore[arg-type]


def test_r15_a_python_that_is_no_longer_asked_for_leaves_files_behind_and_builds_nothing() -> None:
    old, new = for_python("3.11"), for_python("3.12")
    decision = decide(make_reading(new), build_drawn([old, new]))
    assert memberships(decision) == {"numpy": "nothing current"}
    assert [(gone.artifact, gone.reason.rule) for gone in decision.gone] == [
        (f"linux-64/{old.file_name}", Rule.R15),
    ]
    assert reason_sentence(decision.gone[0].reason) == "The target holds it, and its variant is no longer asked for."


def test_r15_a_recipe_that_is_gone_is_told_as_such() -> None:
    app = make_output("app")
    decision = decide(make_reading(), build_drawn([app]))
    assert reason_sentence(decision.gone[0].reason) == "The target holds it, and no recipe makes it any more."


def test_what_a_moved_pin_replaces_is_not_gone() -> None:
    decision = decide(make_reading(for_python("3.12")), build_drawn([for_python("3.11")]))
    assert [member.reasons[0].rule for member in decision.members] == [Rule.R3]
    assert not decision.gone


def test_older_files_of_a_name_are_not_told_again() -> None:
    old = for_python("3.11")
    later = replace(for_python("3.12"), build="h1_1", build_number=1)
    assert not decide(make_reading(later), build_drawn([old, later])).gone


def test_r16_what_is_built_for_the_stable_interface_goes_with_every_later_python() -> None:
    before = make_output("python", "3.12", weak=["python >=3.12,<3.13.0a0"])
    after = make_output("python", "3.13", weak=["python >=3.13,<3.14.0a0"])
    app = replace(make_output("app", host=["python"], run=["python >=3.10"]), ignored_exporters=frozenset({"python"}))
    decision = decide(make_reading(after, app), build_drawn([before, app]))
    assert memberships(decision)["app"] == "retest R16"


def test_r10_a_build_of_a_static_library_that_is_named_by_number_needs_an_edit() -> None:
    before = replace(make_output("llvmdev", "20.1.8", number=1), build="h1_1")
    user = make_output("llvmlite", host=["llvmdev 20.*", "llvmdev 20.1.8 *_1"])
    base = build_drawn([before, user])
    rebuilt = replace(before, build="h1_2", build_number=2)
    decision = decide(make_reading(rebuilt, user), base)
    assert memberships(decision) == {"llvmdev": "rebuild changed", "llvmlite": "recipe edit R4"}
    assert decision.members[1].reasons[0].spec == "llvmdev 20.1.8 *_1"


def upstream(version: str, number: int = 0, **values: object) -> Artifact:
    exports = RunExports(weak=(f"mkl >={version},<{int(version.split('.', maxsplit=1)[0]) + 1}.0a0",))
    return make_artifact(make_output("mkl", version, number=number, exports=exports, **values))  # type: ignore[arg-type]


def test_a_package_of_another_channel_moves_those_who_use_it() -> None:
    mkl = make_output("mkl", "2025.3", weak=["mkl >=2025.3,<2026.0a0"])
    numexpr, above = make_output("numexpr", host=["mkl"]), make_output("above", run=["numexpr"])
    base = [artifact for artifact in build_drawn([mkl, numexpr, above]) if artifact.name != "mkl"]
    move = Move(upstream("2026.1"), upstream("2025.3"))
    decision = decide(make_reading(numexpr, above), base, moves=[move])
    assert memberships(decision) == {"numexpr": "rebuild R1", "above": "retest R7"}
    assert decision.members[1].reasons[0].path == ("mkl", "numexpr", "above")
    assert (
        reason_sentence(decision.moves[0]) == f"Another channel has mkl as {move.after.version} {move.after.build} now."
    )


def test_what_the_tree_makes_itself_is_no_business_of_another_channel() -> None:
    mkl = make_output("mkl", "2025.3")
    decision = decide(make_reading(mkl), build_drawn([mkl]), moves=[Move(upstream("2026.1"))])
    assert memberships(decision) == {"mkl": "nothing current"}
    assert not decision.moves
