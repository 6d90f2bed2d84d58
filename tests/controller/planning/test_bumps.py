"""A bump of a library is told apart, member by member."""

from controller.domain.recipes import Output
from controller.planning.bumps import diagnose
from controller.planning.impact import decide
from tests.kit.drawing import build_drawn, make_output, make_reading


def told(before: list[Output], *after: Output) -> dict[str, dict[str, list[str]]]:
    news = {output.name: output for output in after}
    decision = decide(make_reading(*(news.get(output.name, output) for output in before)), build_drawn(before))
    return {
        about: {bump.value: [member.output.name for member in members] for bump, members in bumps.items()}
        for about, bumps in diagnose(decision).items()
    }


def test_one_library_is_four_plans_at_once() -> None:
    llvm = make_output("llvm", "20.1", weak=["libllvm20 >=20.1,<20.2.0a0"], run=["libllvm20"])
    before = [
        llvm,
        make_output("llvmdev", "20.1"),
        make_output("libllvm20", "20.1"),
        make_output("shared", host=["llvm"]),
        make_output("static", host=["llvmdev"]),
        make_output("stuck", host=["llvmdev 20.*"]),
        make_output("uses-shared", run=["shared"]),
    ]
    found = told(
        before,
        make_output("llvm", "21.1", weak=["libllvm21 >=21.1,<21.2.0a0"], run=["libllvm21"]),
        make_output("llvmdev", "21.1"),
    )
    assert found["llvmdev"] == {"recipe edit": ["stuck"], "static relink": ["static"]}
    assert found["llvm"] == {"stands beside": ["shared"]}
    compiled = {"c_compiler_version": "14"}
    moved = make_output("shared", host=["llvm"], variant={"c_compiler_version": "15"})
    before[3] = make_output("shared", host=["llvm"], variant=compiled)
    assert told(before, moved)["c_compiler_version"] == {"compiler change": ["shared"]}
    assert told(before, moved)["shared"] == {"retest": ["uses-shared"]}


def test_what_moved_itself_is_not_its_own_member() -> None:
    assert told([make_output("lib", "1.0")], make_output("lib", "2.0")) == {}


def test_those_whose_move_reaches_most_come_first() -> None:
    before = [make_output("a", "1.0", weak=["a >=1.0,<2.0a0"]), make_output("b", "1.0", weak=["b >=1.0,<2.0a0"])]
    before += [make_output("x", host=["b"]), make_output("y", host=["b"]), make_output("z", host=["a"])]
    after = [make_output("a", "2.0", weak=["a >=2.0,<3.0a0"]), make_output("b", "2.0", weak=["b >=2.0,<3.0a0"])]
    assert list(told(before, *after).items()) == [("b", {"pin bump": ["x", "y"]}), ("a", {"pin bump": ["z"]})]
