"""Old packages of the target: which of them can stand in, and what they would keep out."""

from controller.planning.olds import New, Olds, standing
from tests.kit.drawing import build_drawn, make_output


def olds(*outputs, upstream: bool = False) -> Olds:  # type: ignore[no-untyped-def]
    base = {}
    for artifact in build_drawn(outputs):
        base.setdefault((artifact.subdir, artifact.name), []).append(artifact)
    return Olds(base, upstream)


def test_the_newest_that_a_spec_admits_comes_first_whether_of_the_platform_or_noarch() -> None:
    there = olds(make_output("lib", "1.0"), make_output("lib", "1.5"), make_output("lib", "1.2", noarch="generic"))
    assert [old.version for old in there.meeting("lib >=1.1", "linux-64")] == ["1.5", "1.2"]
    assert [old.version for old in there.meeting("lib", "osx-arm64")] == ["1.2"]
    assert there.meeting("lib >=2", "linux-64") == []


def test_only_what_the_target_has_nothing_of_may_come_from_another_channel() -> None:
    there = olds(make_output("lib"), upstream=True)
    assert not there.is_elsewhere("lib", "linux-64")
    assert there.is_elsewhere("gcc", "linux-64")
    assert not olds().is_elsewhere("gcc", "linux-64")


def test_an_old_package_excludes_what_it_or_what_it_runs_with_does_not_admit() -> None:
    lib, mid = make_output("lib", weak=["lib >=1.0,<2"]), make_output("mid", host=["lib"])
    old = olds(lib, mid, make_output("app", run=["mid"])).named("app", "linux-64")[0]
    there = olds(lib, mid, make_output("app", run=["mid"]))
    assert there.excluded(old, {"lib": [New("1.5", "h_0", renumbered=True)]}) == {}
    assert there.excluded(old, {"lib": [New("2.0", "h_0", renumbered=True)]}) == {"lib": "lib >=1.0,<2"}
    both = [New("2.0", "h_0", renumbered=True), New("1.9", "h_0", renumbered=True)]
    assert there.excluded(old, {"lib": both}) == {}


def test_no_bound_on_one_build_admits_what_gets_a_new_number() -> None:
    assert not New("1.0", "h0_0", renumbered=True).meets("lib 1.0 h0_0")
    assert New("1.0", "h0_0", renumbered=False).meets("lib 1.0 h0_0")


def test_of_file_names_alone_name_version_and_subdir_are_known() -> None:
    (found,) = standing(["noarch/a-b-1.0-h1_0.conda"])["noarch", "a-b"]
    assert (found.name, found.version, found.build) == ("a-b", "1.0", "h1_0")
