"""Each rule by a drawn case: what a moved package forces on the one that uses it."""

from dataclasses import replace

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.plans import Membership, Rule
from controller.domain.recipes import Origin, Output, RunExports
from controller.planning.impact import decide
from controller.planning.policy import Policy, Scope
from tests.kit.drawing import build_drawn, make_artifact, make_output, make_reading, memberships, names_in


def moved(before: list[Output], *after: Output, policy: Policy | None = None) -> dict[str, str]:
    """Membership and rule of each, when ``after`` replaces what has the same name in a target that holds ``before``."""
    news = {output.name: output for output in after}
    outputs = [news.get(output.name, output) for output in before]
    return memberships(decide(make_reading(*outputs), build_drawn(before), policy or Policy()))


LIB = make_output("lib", "1.4", weak=["lib >=1.4,<2.0a0"])
LIB_2 = make_output("lib", "2.0", weak=["lib >=2.0,<3.0a0"])
LIB_15 = make_output("lib", "1.5", weak=["lib >=1.5,<2.0a0"])


def test_an_empty_target_makes_everything_new() -> None:
    assert memberships(decide(make_reading(LIB), ())) == {"lib": "rebuild new"}


def test_what_nothing_touches_is_current() -> None:
    assert moved([LIB, make_output("app", host=["lib"])]) == {"lib": "nothing current", "app": "nothing current"}


def test_what_no_worker_can_build_needs_an_edit_and_moves_nobody() -> None:
    stuck = replace(LIB_2, unbuildable="its source is kept in Subversion")
    app = make_output("app", host=["lib"])
    decision = decide(make_reading(stuck, app), build_drawn([LIB, app]))
    assert memberships(decision) == {"lib": "recipe edit unbuildable", "app": "nothing current"}
    assert decision.members[0].reasons[0].detail == "its source is kept in Subversion"


def test_what_no_worker_can_build_and_nothing_forces_is_left_alone() -> None:
    stuck = replace(make_output("app", host=["lib"]), unbuildable="its source is kept in Subversion")
    assert moved([LIB, stuck], LIB_15)["app"] != "recipe edit unbuildable"
    assert moved([LIB, stuck], LIB_2)["app"] == "recipe edit unbuildable"


def test_r1_an_export_that_excludes_the_new_package_forces_a_rebuild() -> None:
    found = moved([LIB, make_output("app", host=["lib"])], LIB_2)
    assert found == {"lib": "rebuild changed", "app": "rebuild R1"}


def test_r1_cites_the_spec_its_origin_and_the_path() -> None:
    app = make_output("app", host=["lib"])
    decision = decide(make_reading(LIB_2, app), build_drawn([LIB, app]))
    reason = decision.members[1].reasons[0]
    assert (reason.rule, reason.about, reason.spec) == (Rule.R1, "lib", "lib >=1.4,<2.0a0")
    assert (reason.origin, reason.path) == ("run_export of lib", ("lib", "app"))


def test_r1_speaks_of_the_name_that_is_exported_not_of_the_exporter() -> None:
    devel = make_output("mkl-devel", "2025.3", run=["mkl"], weak=["mkl >=2025.3,<2026.0a0"])
    mkl, numexpr = make_output("mkl", "2025.3"), make_output("numexpr", host=["mkl-devel"])
    found = moved(
        [mkl, devel, numexpr],
        make_output("mkl", "2026.1"),
        make_output("mkl-devel", "2026.1", run=["mkl"], weak=["mkl >=2026.1,<2027.0a0"]),
    )
    assert found["numexpr"] == "rebuild R1"


def test_r1_holds_for_pin_compatible() -> None:
    numpy, scipy = make_output("numpy", "1.26"), make_output("scipy", host=["numpy"], compatible=["numpy"])
    assert moved([numpy, scipy], make_output("numpy", "2.0"))["scipy"] == "rebuild R1"


def test_r2_an_export_that_admits_the_new_package_asks_for_a_retest() -> None:
    assert moved([LIB, make_output("app", host=["lib"])], LIB_15)["app"] == "retest R2"


def test_a_rebuild_of_the_same_version_asks_for_a_retest() -> None:
    again = make_output("lib", "1.4", weak=["lib >=1.4,<2.0a0"], content="another flag")
    assert moved([LIB, make_output("app", host=["lib"])], again) == {"lib": "rebuild changed", "app": "retest R2"}


def test_r3_a_pin_that_moves_makes_a_new_file_of_everything_that_uses_it() -> None:
    old = [make_output("lib", "1.4"), make_output("app", host=["lib"], variant={"lib": "1.4"})]
    found = moved(old, make_output("app", host=["lib"], variant={"lib": "1.5"}))
    assert found == {"lib": "nothing current", "app": "rebuild R3"}


def test_r4_an_explicit_host_spec_needs_an_edit_not_a_rebuild() -> None:
    assert moved([LIB, make_output("app", host=["lib 1.*"])], LIB_2)["app"] == "recipe edit R4"


def test_r4_names_the_spec_of_the_recipe() -> None:
    app = make_output("app", host=["lib 1.*"])
    decision = decide(make_reading(LIB_2, app), build_drawn([LIB, app]))
    assert decision.having(Membership.EDIT)[0].reasons[0].spec == "lib 1.*"


def test_r5_a_strong_export_of_a_compiler_that_no_longer_fits_forces_a_rebuild() -> None:
    gcc, libgcc = make_output("gcc", "12", strong=["libgcc >=12,<13"]), make_output("libgcc", "12")
    newer = [make_output("gcc", "14", strong=["libgcc >=14,<15"]), make_output("libgcc", "14")]
    assert moved([gcc, libgcc, make_output("app", build=["gcc"])], *newer)["app"] == "rebuild R5"


def test_r5_a_compiler_whose_exports_still_fit_forces_nothing() -> None:
    gcc, libgcc = make_output("gcc", "12.1", strong=["libgcc >=12"]), make_output("libgcc", "12.1")
    newer = make_output("gcc", "12.2", strong=["libgcc >=12"])
    assert moved([gcc, libgcc, make_output("app", build=["gcc"])], newer)["app"] == "nothing R5"


def test_r6_a_build_tool_forces_nothing() -> None:
    found = moved([make_output("cmake", "3.0"), make_output("app", build=["cmake"])], make_output("cmake", "4.0"))
    assert found == {"cmake": "rebuild changed", "app": "nothing R6"}


def test_r6_a_tool_of_python_in_host_is_no_static_library() -> None:
    python = make_output("python", "3.12")
    cython = make_output("cython", "3.0", host=["python"], run=["python"])
    app = make_output("app", host=["python", "cython"], run=["python"])
    newer = make_output("cython", "3.1", host=["python"], run=["python"])
    assert moved([python, cython, app], newer)["app"] == "nothing R6"


def test_r6_python_in_host_of_something_that_does_not_run_it_is_a_tool() -> None:
    python, app = make_output("python", "3.11.7"), make_output("app", host=["python"])
    assert moved([python, app], make_output("python", "3.11.8"))["app"] == "nothing R6"


def test_a_recipe_that_changed_is_not_told_to_change() -> None:
    app, edited = make_output("app", run=["lib <2"]), make_output("app", run=["lib <3"])
    decision = decide(make_reading(LIB_2, edited), build_drawn([LIB, app]))
    assert [reason.rule for reason in decision.members[1].reasons] == [Rule.CHANGED]


def test_r7_what_only_runs_with_it_is_never_rebuilt() -> None:
    assert moved([LIB, make_output("app", run=["lib >=1"])], LIB_2)["app"] == "retest R7"


def test_r7_reaches_through_what_stays_as_it_is() -> None:
    tool = make_output("tool", run=["app"])
    found = moved([LIB, make_output("app", host=["lib"]), tool], LIB_15)
    assert found["tool"] == "retest R7"


def test_r8_a_bound_in_the_recipes_own_text_needs_an_edit() -> None:
    assert moved([LIB, make_output("app", run=["lib <2"])], LIB_2)["app"] == "recipe edit R8"


def test_who_needs_an_edit_stays_on_the_old_package_and_so_do_those_above() -> None:
    outputs = [LIB, make_output("app", run=["lib <2"]), make_output("tool", run=["app"])]
    assert moved(outputs, LIB_2)["tool"] == "nothing current"


def test_r9_what_is_only_tested_with_it_is_retested() -> None:
    found = moved([make_output("pytest", "8.0"), make_output("app", test=["pytest"])], make_output("pytest", "9.0"))
    assert found["app"] == "retest R9"


def test_r10_a_static_library_leaves_no_record_and_is_rebuilt_by_policy() -> None:
    static, app = make_output("libz-static", "1.0"), make_output("app", host=["libz-static"])
    newer = make_output("libz-static", "1.1")
    assert moved([static, app], newer)["app"] == "rebuild R10"
    assert moved([static, app], newer, policy=Policy(relink_static=False))["app"] == "nothing R10"


def test_r10_a_noarch_header_library_counts_too() -> None:
    headers = make_output("headers", "1.0", noarch="generic")
    assert moved([headers, make_output("app", host=["headers"])], replace_content(headers))["app"] == "rebuild R10"


def test_r10_spares_noarch_python_packages_in_host() -> None:
    pip = make_output("pip", "25.0", noarch="python")
    newer = make_output("pip", "25.1", noarch="python")
    assert moved([pip, make_output("app", host=["pip"])], newer)["app"] == "nothing current"


def test_r10_an_explicit_version_of_a_static_library_needs_an_edit() -> None:
    llvmdev = make_output("llvmdev", "20.1")
    found = moved([llvmdev, make_output("llvmlite", host=["llvmdev 20.*"])], make_output("llvmdev", "21.1"))
    assert found["llvmlite"] == "recipe edit R4"


def test_r11_any_new_build_breaks_an_exact_pin() -> None:
    lib = make_output("lib", recipe="two")
    app = make_output("app", recipe="two", pinned=[f"lib 1.0 {lib.build}"])
    found = moved([lib, app], replace_content(lib))
    assert found == {"lib": "rebuild changed", "app": "rebuild R11"}


def test_r11_what_is_pinned_exactly_gets_the_new_number_with_the_one_that_pins_it() -> None:
    lib = make_output("lib", recipe="two")
    app = make_output("app", recipe="two", pinned=[f"lib 1.0 {lib.build}"])
    found = moved([lib, app], replace_content(app))
    assert found == {"lib": "rebuild R11", "app": "rebuild changed"}


def test_r11_an_exact_export_is_an_exact_pin() -> None:
    lib = make_output("lib", weak=[f"lib 1.0 {make_output('lib').build}"])
    assert moved([lib, make_output("app", host=["lib"])], replace_content(lib))["app"] == "rebuild R11"


def test_r12_a_package_whose_export_is_renamed_leaves_its_users_alone() -> None:
    llvm, lib21 = make_output("llvm", "21.1", weak=["libllvm21 >=21.1,<21.2"]), make_output("libllvm21", "21.1")
    app = make_output("app", host=["llvm"])
    before = build_drawn([llvm, lib21, app])
    reading = make_reading(
        make_output("llvm", "22.1", weak=["libllvm22 >=22.1,<22.2"]), make_output("libllvm22", "22.1"), app
    )
    assert memberships(decide(reading, before))["app"] == "nothing R12"


def test_r13_a_noarch_python_package_goes_with_the_new_python() -> None:
    python, app = make_output("python", "3.11.7"), make_output("app", noarch="python", host=["python"], run=["python"])
    assert moved([python, app], make_output("python", "3.12.1"))["app"] == "retest R13"


def test_r14_a_python_that_is_added_makes_a_new_variant_and_leaves_the_old_alone() -> None:
    old = make_output("app", host=["python"], variant={"python": "3.11"})
    new = make_output("app", host=["python"], variant={"python": "3.12"})
    decision = decide(make_reading(old, new), build_drawn([old]))
    assert [m.membership for m in decision.members] == [Membership.NOTHING, Membership.REBUILD]
    assert decision.members[1].reasons[0].rule is Rule.R14


def test_r18_a_constraint_in_the_text_needs_an_edit_and_one_that_was_exported_a_rebuild() -> None:
    mkl, blas = make_output("mkl", "2025.3"), make_output("libblas", constrains=["mkl <2026"])
    assert moved([mkl, blas], make_output("mkl", "2026.1"))["libblas"] == "recipe edit R18"
    exporter = make_output("blas-devel", exports=RunExports(weak=("libblas",), weak_constrains=("mkl <2026",)))
    user = make_output("app", host=["blas-devel"])
    assert moved([mkl, exporter, user], make_output("mkl", "2026.1"))["app"] == "rebuild R18"


def test_r20_a_virtual_package_that_moves_is_named_as_one() -> None:
    old, new = make_output("app", variant={"__glibc": "2.17"}), make_output("app", variant={"__glibc": "2.28"})
    assert memberships(decide(make_reading(new), build_drawn([old]))) == {"app": "rebuild R20"}


def test_the_fixpoint_goes_on_through_everything_it_rebuilds() -> None:
    """A breaks b by its export; b's own exact export then breaks c, and d is only retested with c."""
    b = make_output("b", host=["lib"], weak=[f"b 1.0 {make_output('b').build}"])
    c, d = make_output("c", host=["b"], weak=["c >=1"]), make_output("d", host=["c"])
    found = moved([LIB, b, c, d], LIB_2)
    assert found == {"lib": "rebuild changed", "b": "rebuild R1", "c": "rebuild R11", "d": "retest R2"}


def test_a_path_leads_from_the_change_to_the_member() -> None:
    outputs = [LIB_2, make_output("b", host=["lib"], weak=["b >=1"]), make_output("c", host=["b"])]
    decision = decide(make_reading(*outputs), build_drawn([LIB, *outputs[1:]]))
    assert decision.members[2].reasons[0].path == ("lib", "b", "c")


def test_a_higher_number_in_the_recipe_asks_for_a_rebuild_and_a_lower_one_for_nothing() -> None:
    asked = replace(LIB, build_number=3)
    assert moved([LIB], asked)["lib"] == "rebuild changed"
    farm_built = make_artifact(replace(LIB, build=f"h{LIB.hash}_5", build_number=5))
    assert memberships(decide(make_reading(asked), [farm_built]))["lib"] == "nothing current"


def test_the_policy_direct_rebuilds_the_users_of_what_changed_and_transitive_goes_on() -> None:
    outputs = [LIB, make_output("b", host=["lib"], weak=["b >=1"]), make_output("c", host=["b"])]
    direct = moved(outputs, LIB_15, policy=Policy(Scope.DIRECT))
    assert direct == {"lib": "rebuild changed", "b": "rebuild R2", "c": "retest R2"}
    assert moved(outputs, LIB_15, policy=Policy(Scope.TRANSITIVE))["c"] == "rebuild R2"


def test_where_the_file_tells_no_origin_the_recipe_does() -> None:
    """What the recipe's run section does not name can only have come from an export."""
    app = make_output("app", host=["lib"], run=["other <2"])
    plain = make_artifact(app, depends=[Dependency("lib >=1.4,<2.0a0"), Dependency("other <2")])
    other = make_output("other", "1.0")
    base: list[Artifact] = [*build_drawn([LIB, other]), plain]
    assert memberships(decide(make_reading(LIB_2, other, app), base))["app"] == "rebuild R1"
    newer = make_output("other", "2.0")
    assert memberships(decide(make_reading(LIB, newer, app), base))["app"] == "recipe edit R8"


def test_another_subdir_is_not_touched() -> None:
    app = make_output("app", host=["lib"], subdir="osx-arm64")
    assert moved([LIB, app], LIB_2)["app"] == "nothing current"


def test_a_noarch_user_is_touched_on_any_subdir() -> None:
    app = make_output("app", noarch="generic", run=["lib"])
    assert moved(
        [make_output("lib", "1.4", subdir="osx-arm64"), app], make_output("lib", "1.5", subdir="osx-arm64")
    ) == {
        "lib": "rebuild changed",
        "app": "retest R7",
    }


def test_a_variant_is_touched_by_its_own_variant_alone() -> None:
    def variants(name: str, content: dict[str, str], **more: list[str]) -> list[Output]:
        return [
            make_output(name, variant={"python": v}, content=content.get(v, ""), **more)  # type: ignore[arg-type]
            for v in ("3.11", "3.12")
        ]

    before = [*variants("numpy", {}), *variants("scipy", {}, run=["numpy"])]
    after = [*variants("numpy", {"3.12": "changed"}), *variants("scipy", {}, run=["numpy"])]
    decision = decide(make_reading(*after), build_drawn(before))
    assert [m.membership.value for m in decision.members] == ["nothing", "rebuild", "nothing", "retest"]


def test_two_recipes_of_one_name_keep_their_own_artifacts() -> None:
    old, new = make_output("samtools", "0.1", recipe="samtools/0.1"), make_output("samtools", "1.9")
    base = build_drawn([old]) + build_drawn([new])
    assert names_in(decide(make_reading(old, new), base), Membership.REBUILD) == set()


def replace_content(output: Output) -> Output:
    """The same output of a recipe that differs in something else."""
    return replace(output, fingerprint=output.fingerprint[::-1])


def test_the_origin_of_an_exact_pin_is_enough() -> None:
    lib, app = make_output("lib"), make_output("app")
    base = [make_artifact(lib), make_artifact(app, depends=[Dependency("lib 1.0", Origin.EXACT_PIN)])]
    assert memberships(decide(make_reading(replace_content(lib), app), base))["app"] == "rebuild R11"
