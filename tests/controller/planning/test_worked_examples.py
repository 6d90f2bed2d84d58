"""The two worked examples of rebuild-semantics 2.3, with gates, flavours and siblings as the feedstocks have them.

"Push a new MKL" and "push a new LLVM" are four plans that have little in common: a pin that bounds, text in a recipe,
a part that is linked in, a compiler. A plan that asks only who depends on whom gets all four wrong.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from controller.domain.artifacts import Artifact
from controller.domain.plans import Decision, Member
from controller.domain.recipes import Output
from controller.planning.bumps import diagnose
from controller.planning.impact import decide
from tests.kit.drawing import build_drawn, make_output, make_reading

Outputs = list[Output]


def plan(before: Sequence[Output], after: Sequence[Output]) -> Decision:
    """What is to be done about ``after`` where all of ``before`` was built."""
    return decide(make_reading(*after), [_tight(artifact) for artifact in build_drawn(before)])


def _tight(artifact: Artifact) -> Artifact:
    """Numba pins llvmlite to the minor version (``max_pin='x.x'``), which drawn outputs cannot say."""
    loose, tight = "llvmlite >=0.47,<1.0a0", "llvmlite >=0.47,<0.48.0a0"
    return replace(artifact, depends=tuple(replace(d, spec=d.spec.replace(loose, tight)) for d in artifact.depends))


def told(decision: Decision) -> dict[str, str]:
    """Name, and flavour where there are several, to membership and the rule that decided it."""
    return {_called(m.output): f"{m.membership.value} {m.reasons[0].rule.value}" for m in decision.members}


def _called(output: Output) -> str:
    flavour = output.variant.get("blas_impl")
    return f"{output.name} ({flavour})" if flavour else output.name


def member(decision: Decision, called: str) -> Member:
    return next(m for m in decision.members if _called(m.output) == called)


# MKL -----------------------------------------------------------------------------------------------------------------


def mkl(year: int, version: str) -> Outputs:
    """The library; what one links it with, which exports a bound on it; its headers."""
    exported = f"mkl >={version},<{year + 1}.0a0"
    return [
        make_output("mkl", version, recipe="mkl"),
        make_output("mkl-include", version, recipe="mkl"),
        make_output("mkl-devel", version, recipe="mkl", run=["mkl", "mkl-include"], weak=[exported]),
    ]


def blas(written: str, below: int) -> Outputs:
    """One interface in four flavours. MKL's names its version; each of the others excludes the next major of MKL."""
    export = ["libblas >=3.9.0,<4.0a0"]
    flavours = [
        make_output(
            "libblas", "3.9.0", recipe="blas", host=[f"mkl-devel {written}"], compatible=["mkl"], weak=export,
            variant={"blas_impl": "mkl"},
        )
    ]  # fmt: skip
    flavours += [
        make_output(
            "libblas", "3.9.0", recipe="blas", constrains=[f"mkl <{below}"], weak=export, variant={"blas_impl": other}
        )
        for other in ("netlib", "openblas", "blis")
    ]
    return [replace(o, build=f"38_h{o.hash}_{o.variant['blas_impl']}") for o in flavours]  # no number at its end


USERS = [
    make_output("numexpr", host=["mkl-devel"]),
    make_output("pytorch", host=["mkl-devel", "libblas"]),
    make_output("numpy", host=["libblas"]),
    make_output("scipy", host=["numpy", "libblas"], compatible=["numpy"]),
    make_output("sparse-dot-mkl", noarch="python", run=["mkl >=2024"]),
    make_output("old-solver", run=["mkl >=2024,<2026"]),
    make_output("cowsay"),
]
OF_2025 = [*mkl(2025, "2025.3"), *blas("2025.3", 2026), *USERS]
NEW_MKL = [*mkl(2026, "2026.1"), *blas("2025.3", 2026), *USERS]


def test_a_new_mkl_stops_at_the_gate_of_blas() -> None:
    found = told(plan(OF_2025, NEW_MKL))
    assert found["libblas (mkl)"] == "recipe edit R4"
    assert {found[f"libblas ({other})"] for other in ("netlib", "openblas", "blis")} == {"recipe edit R18"}
    assert found["numexpr"] == "rebuild R1"
    assert found["pytorch"] == "blocked R19"
    assert found["numpy"] == found["scipy"] == found["cowsay"] == "nothing current"
    assert found["sparse-dot-mkl"] == "retest R7"
    assert found["old-solver"] == "recipe edit R8"


def test_the_gate_tells_which_text_is_in_the_way() -> None:
    decision = plan(OF_2025, NEW_MKL)
    gate, beside = member(decision, "libblas (mkl)").reasons[0], member(decision, "libblas (netlib)").reasons[0]
    assert (gate.spec, gate.origin, gate.path) == ("mkl-devel 2025.3", "text", ("mkl", "libblas"))
    assert (beside.spec, beside.origin, beside.about) == ("mkl <2026", "text", "mkl")
    assert "libblas" in member(decision, "pytorch").reasons[0].detail


def test_once_the_gate_is_edited_its_direct_users_follow_and_those_of_the_interface_do_not() -> None:
    after = [*mkl(2026, "2026.1"), *blas("2026.1", 2027), *USERS]
    found = told(plan(OF_2025, after))
    assert {found[f"libblas ({flavour})"] for flavour in ("mkl", "netlib", "openblas", "blis")} == {"rebuild changed"}
    assert found["numexpr"] == found["pytorch"] == "rebuild R1"
    assert found["numpy"] == found["scipy"] == "retest R2"
    assert [name for name, said in found.items() if said.startswith("rebuild R")] == ["numexpr", "pytorch"]


def test_a_new_mkl_is_told_apart_by_what_it_is_to_whom() -> None:
    bumps = diagnose(plan(OF_2025, NEW_MKL))["mkl"]
    names = {bump.value: sorted({m.output.name for m in members}) for bump, members in bumps.items()}
    assert names["pin bump"] == ["numexpr"]
    assert names["recipe edit"] == ["libblas", "old-solver"]
    assert names["retest"] == ["sparse-dot-mkl"]


# LLVM ----------------------------------------------------------------------------------------------------------------


def llvm(version: str, number: int = 1, content: str = "") -> Outputs:
    """One recipe, pinned exactly within. The library bears its major in its name; ``llvmdev`` exports nothing."""
    major, minor = version.split(".")[:2]
    below = f"{major}.{int(minor) + 1}.0a0"
    name, export = f"libllvm{major}", f"libllvm{major} >={version},<{below}"
    library = make_output(name, version, recipe="llvmdev", weak=[export], number=number, content=content)
    pin = f"{name} {version} {library.build}"
    tools = make_output("llvm-tools", version, recipe="llvmdev", pinned=[pin], number=number, content=content)
    more = [
        make_output("llvm", version, recipe="llvmdev", pinned=[pin], weak=[export], number=number, content=content),
        make_output(
            "llvmdev", version, recipe="llvmdev", pinned=[pin, f"llvm-tools {version} {tools.build}"], number=number,
            content=content,
        ),
    ]  # fmt: skip
    return [library, tools, *more]


def lite(version: str, *specs: str) -> Output:
    """Links LLVM's archives: nothing of it shows in its record."""
    return make_output("llvmlite", version, host=specs)


LITE = lite("0.47", "llvmdev 20.*", "llvmdev 20.1.8 *_1")
NUMBA = make_output("numba", host=["llvmlite 0.47.*"], compatible=["llvmlite"])
LINKERS = [
    make_output("mesa", host=["llvm"]),
    make_output("bare-static", host=["llvmdev"]),
    make_output("any-20", host=["llvmdev 20.*"]),
]
OF_20 = [*llvm("20.1.8"), LITE, NUMBA, *LINKERS]


def new_major() -> dict[str, str]:
    return told(plan(OF_20, [*llvm("21.1.0"), LITE, NUMBA, *LINKERS]))


def new_build() -> dict[str, str]:
    return told(plan(OF_20, [*llvm("20.1.8", content="a patch"), LITE, NUMBA, *LINKERS]))


def edited_recipe() -> dict[str, str]:
    before = [*llvm("20.1.8"), *llvm("21.1.0"), LITE, NUMBA, *LINKERS]
    after = [*llvm("20.1.8"), *llvm("21.1.0"), lite("0.48", "llvmdev 21.*", "llvmdev 21.1.0 *_1"), NUMBA, *LINKERS]
    return told(plan(before, after))


def new_compiler() -> dict[str, str]:
    old, new = ({"c_compiler_version": version} for version in ("19", "20"))

    def compiled(variant: dict[str, str]) -> Outputs:
        return [
            make_output("clang_osx-64", "20.1.8", strong=["libcxx >=20"]), make_output("libcxx", "20.1.8"),
            *(make_output(name, build=["clang_osx-64"], variant=variant) for name in ("zlib", "mesa", "llvmlite")),
            make_output("pip", noarch="python", run=["python"]),
        ]  # fmt: skip

    return told(plan(compiled(old), compiled(new)))


def test_a_new_major_leaves_the_old_library_beside_it() -> None:
    found = new_major()
    assert found["libllvm21"] == "rebuild new"
    assert found["llvm"] == found["llvmdev"] == found["llvm-tools"] == "rebuild changed"
    assert found["mesa"] == "nothing R12"
    assert found["llvmlite"] == found["any-20"] == "recipe edit R4"
    assert found["bare-static"] == "rebuild R10"
    assert found["numba"] == "nothing current"


def test_a_new_build_of_the_same_version_is_a_relink_for_those_who_hold_a_part_of_it() -> None:
    found = new_build()
    assert found["llvmdev"] == found["llvm-tools"] == "rebuild changed"
    assert found["any-20"] == found["bare-static"] == "rebuild R10"
    assert found["llvmlite"] == "recipe edit R4"  # the exact spec beside the abstract one is edited, as by convention
    assert found["mesa"] == "retest R2"
    assert found["numba"] == "nothing current"


def test_the_chain_from_llvmdev_to_numba_is_edited_recipe_by_recipe() -> None:
    found = edited_recipe()
    assert found["llvmlite"] == "rebuild changed"
    assert found["numba"] == "recipe edit R4"
    assert {found[name] for name in ("mesa", "bare-static", "any-20")} == {"nothing current"}


def test_a_new_compiler_rebuilds_whatever_was_compiled_and_nothing_else() -> None:
    assert {name for name, said in new_compiler().items() if said == "rebuild R3"} == {"zlib", "mesa", "llvmlite"}
    assert new_compiler()["pip"] == "nothing current"


@pytest.mark.parametrize("which", ["llvmlite", "mesa"])
def test_the_four_plans_are_four(which: str) -> None:
    found = {new_major()[which], new_build()[which], edited_recipe()[which], new_compiler()[which]}
    expected = {
        "llvmlite": {"recipe edit R4", "rebuild changed", "rebuild R3"},
        "mesa": {"nothing R12", "retest R2", "nothing current", "rebuild R3"},
    }
    assert found == expected[which]
