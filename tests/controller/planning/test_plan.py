"""From a decision to jobs: who waits for whom, what must be in an environment, and where a test becomes late."""

import pytest

from controller.domain.errors import InvalidInputError
from controller.domain.jobs import JobKind
from controller.domain.plans import Membership, Plan, PlannedJob
from controller.domain.recipes import Output
from controller.planning.impact import decide
from controller.planning.indexing import index_of
from controller.planning.outcomes import identity
from controller.planning.plan import arrange, schedule
from tests.kit.drawing import build_drawn, make_output, make_reading, plan_drawn


def jobs(plan: Plan) -> dict[str, PlannedJob]:
    """Jobs by kind and name, as ``build lib``."""
    return {f"{job.kind.value} {job.name}": job for job in plan.jobs}


def parents(plan: Plan, key: str) -> set[str]:
    by_key = {job.key: name for name, job in jobs(plan).items()}
    return {by_key[parent] for parent in jobs(plan)[key].parents}


LIB = make_output("lib", "1.4", weak=["lib >=1.4,<2.0a0"])


def test_a_build_waits_for_its_parents_build_and_test() -> None:
    plan = plan_drawn([LIB, make_output("app", host=["lib"])])
    assert parents(plan, "build app") == {"build lib", "test lib"}
    assert parents(plan, "test app") == {"build app"}


def test_waves_count_builds_and_a_test_stands_in_the_wave_of_what_it_tests() -> None:
    plan = plan_drawn([LIB, make_output("app", host=["lib"]), make_output("other")])
    assert {name: job.wave for name, job in jobs(plan).items()} == {
        "build lib": 1, "test lib": 1, "build other": 1, "test other": 1, "build app": 2, "test app": 2,
    }  # fmt: skip
    assert plan.waves == 2


def test_a_build_must_contain_the_planned_file_of_what_its_recipe_names() -> None:
    plan = plan_drawn([LIB, make_output("cc"), make_output("app", build=["cc"], host=["lib"])])
    assert dict(jobs(plan)["build app"].must_contain) == {
        "build": frozenset({make_output("cc").file_name}),
        "host": frozenset({LIB.file_name}),
    }


def test_a_spec_that_excludes_the_new_package_neither_waits_for_it_nor_contains_it() -> None:
    base = build_drawn([LIB])
    plan = plan_drawn([make_output("lib", "2.0"), make_output("app", host=["lib 1.*"])], base)
    assert parents(plan, "build app") == set()
    assert dict(jobs(plan)["build app"].must_contain) == {}


def test_where_several_files_could_be_meant_none_is_demanded() -> None:
    pythons = [make_output("python", v, variant={"python": v}) for v in ("3.11", "3.12")]
    plan = plan_drawn([*pythons, make_output("app", noarch="python", host=["python"])])
    build = jobs(plan)["build app"]
    assert dict(build.must_contain) == {}
    assert sum(key.startswith("build:") for key in build.parents) == 2


def test_a_variant_is_built_against_its_own_variant() -> None:
    def two(name: str, **more: list[str]) -> list[Output]:
        return [make_output(name, v, variant={"python": v}, **more) for v in ("3.11", "3.12")]  # type: ignore[arg-type]

    plan = plan_drawn([*two("python"), *two("numpy", host=["python"])])
    for job in plan.jobs:
        if job.kind is JobKind.BUILD and job.name == "numpy":
            version = job.outputs[0].version
            python = next(o for j in plan.jobs for o in j.outputs if o.name == "python" and o.version == version)
            assert job.must_contain["host"] == {python.file_name}


def test_what_host_draws_in_is_waited_for_too() -> None:
    """App has tool in host, tool runs with lib: app's environment will hold the new lib."""
    tool = make_output("tool", run=["lib"])
    app = make_output("app", host=["tool"])
    base = build_drawn([LIB, tool])
    plan = plan_drawn([make_output("lib", "1.5", weak=["lib >=1.5,<2.0a0"]), tool, app], base)
    assert parents(plan, "build app") == {"build lib", "test lib"}
    assert parents(plan, "retest tool") == {"build lib"}


def test_a_strong_export_is_waited_for() -> None:
    outputs = [
        make_output("gcc", strong=["libgcc >=12"]),
        make_output("libgcc", "12"),
        make_output("app", build=["gcc"]),
    ]
    assert "build libgcc" in parents(plan_drawn(outputs), "build app")


def test_a_test_waits_for_what_its_tests_need() -> None:
    plan = plan_drawn([make_output("pytest"), make_output("app", test=["pytest"])])
    assert parents(plan, "test app") == {"build app", "build pytest"}
    assert parents(plan, "build app") == set()


def test_a_test_that_closes_a_circle_is_late_and_its_dependents_do_not_wait_for_it() -> None:
    plan = plan_drawn([make_output("lib", weak=["lib >=1"], test=["check"]), make_output("check", host=["lib"])])
    assert [name for name, job in jobs(plan).items() if job.late] == ["test lib"]
    assert parents(plan, "build check") == {"build lib"}
    assert parents(plan, "test lib") == {"build lib", "build check"}


def test_two_tests_that_close_a_circle_only_together_are_late_too() -> None:
    """Test of a needs c, c is built on b, test of b needs d, d is built on a."""
    plan = plan_drawn(
        [
            make_output("a", test=["c"], weak=["a >=1"]),
            make_output("b", test=["d"], weak=["b >=1"]),
            make_output("c", host=["b"]),
            make_output("d", host=["a"]),
        ]
    )
    assert any(job.late for job in plan.jobs)
    assert len(plan.jobs) == 8


def circle(content: str = "") -> tuple[Output, Output]:
    """Blas and lapack, which are built with each other."""
    return make_output("blas", host=["lapack"], content=content), make_output("lapack", host=["blas"], content=content)


def staged(plan: Plan) -> dict[str, PlannedJob]:
    """The builds by name and build number."""
    return {f"{j.outputs[0].name} {j.outputs[0].build_number}": j for j in plan.jobs if j.kind is JobKind.BUILD}


def test_what_is_built_with_each_other_is_built_in_stages_and_the_first_takes_the_old_one() -> None:
    builds = staged(plan_drawn(circle("new"), build_drawn(circle())))
    assert {name: job.stage for name, job in builds.items()} == {"blas 1": 1, "lapack 1": 1, "blas 2": 0, "lapack 2": 0}
    assert dict(builds["blas 1"].must_contain) == {}
    for user, provider in [("lapack 1", "blas 1"), ("blas 2", "lapack 1"), ("lapack 2", "blas 2")]:
        assert builds[user].must_contain == {"host": {builds[provider].outputs[0].file_name}}
        assert builds[provider].key in builds[user].parents


def test_only_the_last_stage_is_tested_and_what_uses_a_circle_waits_for_that() -> None:
    plan = plan_drawn([*circle("new"), make_output("app", host=["lapack"])], build_drawn(circle()))
    tests = {job.name: job for job in plan.jobs if job.kind is JobKind.TEST}
    assert {name: job.outputs[0].build_number for name, job in tests.items()} == {"blas": 2, "lapack": 2, "app": 0}
    builds = staged(plan)
    assert {builds["lapack 2"].key, tests["lapack"].key} <= builds["app 0"].parents
    assert plan.numbers["linux-64", "lapack", "1.0"] == 2


def test_a_circle_that_nothing_old_opens_is_not_built_nor_what_needs_it_and_the_rest_is() -> None:
    plan = plan_drawn([*circle(), make_output("app", host=["blas"]), make_output("other")])
    assert [job.name for job in plan.jobs] == ["other", "other"]
    (deadlock,) = plan.deadlocks
    assert (set(deadlock.names), deadlock.held) == ({"blas", "lapack"}, ("app",))
    assert (len(deadlock.files), len(deadlock.cuts)) == (3, 1)


def test_numbers_go_on_from_the_names_that_a_batch_gave_before() -> None:
    """A package that came into a circle after it had a name needs one more, for the last stage."""
    outputs, base = circle("new"), build_drawn(circle())
    arranged = arrange(decide(make_reading(*outputs), base), index_of(outputs, base))
    had = {identity(outputs[0]): 1}
    assert arranged.unnamed(had).having(Membership.REBUILD) == arranged.decision.having(Membership.REBUILD)
    blas, lapack = ("linux-64", "blas", "1.0"), ("linux-64", "lapack", "1.0")
    assert arranged.numbers({blas: 5, lapack: 5}, had) == [{lapack: 5}, {blas: 5, lapack: 6}]
    enough = {identity(outputs[0]): 2}
    assert [m.output.name for m in arranged.unnamed(enough).having(Membership.REBUILD)] == ["lapack"]


def test_outputs_that_pin_each_other_are_one_job_and_loose_ones_are_not() -> None:
    lib = make_output("lib", recipe="r")
    tied = make_output("tools", recipe="r", pinned=[f"lib 1.0 {lib.build}"])
    plan = plan_drawn([lib, tied, make_output("doc", recipe="r", noarch="generic")])
    builds = [tuple(o.name for o in job.outputs) for job in plan.jobs if job.kind is JobKind.BUILD]
    assert sorted(builds) == [("doc",), ("lib", "tools")]


def test_only_the_test_of_the_output_that_is_used_is_waited_for() -> None:
    lib = make_output("lib", recipe="r", weak=["lib >=1"])
    tied = make_output("tools", recipe="r", pinned=[f"lib 1.0 {lib.build}"])
    plan = plan_drawn([lib, tied, make_output("app", host=["lib"])])
    assert parents(plan, "build app") == {"build lib", "test lib"}


def test_a_retest_waits_for_what_its_file_asks_for_though_its_recipe_would_not_any_more() -> None:
    """The new library exports nothing; the file was built when the old one did."""
    app = make_output("app", host=["lib"])
    plan = plan_drawn([make_output("lib", "1.5"), app], build_drawn([LIB, app]))
    assert parents(plan, "retest app") == {"build lib"}


def test_a_retest_bears_the_file_of_the_target() -> None:
    app = make_output("app", host=["lib"], number=4)
    plan = plan_drawn([make_output("lib", "1.5", weak=["lib >=1.5,<2.0a0"]), app], build_drawn([LIB, app]))
    retest = jobs(plan)["retest app"]
    assert retest.artifact == f"linux-64/{app.file_name}"
    assert retest.outputs[0].file_name == app.file_name
    assert retest.outputs[0].build_number == 4


def test_noarch_goes_to_the_pool_it_is_given_or_to_the_first_subdir() -> None:
    output = make_output("app", noarch="generic")
    decision = decide(make_reading(output), ())
    assert {job.pool for job in schedule(decision, [output]).jobs} == {"linux-64"}
    given = schedule(decision, [output], {"noarch": "linux-64.large"})
    assert {(job.subdir, job.pool) for job in given.jobs} == {("noarch", "linux-64.large")}


def test_a_noarch_dependent_is_retested_where_something_moved() -> None:
    app = make_output("app", noarch="generic", run=["lib"])
    before, after = (make_output("lib", v, subdir="osx-arm64") for v in ("1.0", "1.1"))
    plan = plan_drawn([after, app], build_drawn([before, app]))
    assert jobs(plan)["retest app"].pool == "osx-arm64"


def test_a_platform_does_not_wait_for_another() -> None:
    outputs = [
        o
        for s in ("linux-64", "win-64")
        for o in (make_output("lib", subdir=s), make_output("app", host=["lib"], subdir=s))
    ]
    plan = plan_drawn(outputs)
    for job in plan.jobs:
        assert all(job.subdir in parent for parent in job.parents)


def test_an_output_without_a_name_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="lib"):
        schedule(decide(make_reading(LIB), ()), [])


def test_an_empty_decision_is_an_empty_plan() -> None:
    plan = plan_drawn([])
    assert (plan.jobs, plan.waves) == ((), 0)


def test_numbers_of_the_plan_are_those_of_the_names() -> None:
    changed = make_output("lib", "1.4", content="changed")
    plan = plan_drawn([changed], build_drawn([LIB]))
    assert plan.numbers == {("linux-64", "lib", "1.4"): 1}
