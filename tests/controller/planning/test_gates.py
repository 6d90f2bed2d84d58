"""The gates of a promotion."""

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.recipes import Origin
from controller.domain.verdicts import Verdict
from controller.planning import gates
from controller.planning.gates import Candidate, built, closed, judge, no_regression
from tests.kit.drawing import make_artifact, make_output


def artifact(name: str, version: str = "1.0", *depends: str, origin: Origin = Origin.RUN_EXPORT) -> Artifact:
    return make_artifact(make_output(name, version), depends=[Dependency(spec, origin) for spec in depends])


def test_a_sound_batch_passes_every_gate() -> None:
    files = [Candidate(artifact("lib"), "passed"), Candidate(artifact("app", "1.0", "lib >=1"), "passed")]
    answers = judge(files, [])
    assert [answer.gate for answer in answers] == ["built", "tested", "closed", "no regression"]
    assert all(answer.passes for answer in answers)


def test_an_empty_batch_is_not_built() -> None:
    assert built([], ["lib"]).verdict is Verdict.REFUSED


def test_what_stays_behind_is_said_and_stops_nobody() -> None:
    answer = built([Candidate(artifact("lib"), "passed")], ["app", "app"])
    assert (answer.verdict, answer.reasons) == (Verdict.PASS, ("app stays behind",))


def test_failed_tests_refuse_and_missing_ones_are_no_pass() -> None:
    assert gates.tested([Candidate(artifact("lib"), "failed")], []).verdict is Verdict.REFUSED
    assert gates.tested([Candidate(artifact("lib"), "no_tests")], []).verdict is Verdict.UNKNOWN
    assert gates.tested([Candidate(artifact("lib"), "")], []).verdict is Verdict.UNKNOWN
    assert gates.tested([Candidate(artifact("lib"), "passed")], []).passes


def test_a_dependency_that_is_still_elsewhere_blocks() -> None:
    answer = closed([artifact("app", "1.0", "lib >=2")], [artifact("lib", "1.4")])
    assert answer.verdict is Verdict.BLOCKED
    assert "needs 'lib >=2', which would not be there" in answer.reasons[0]


def test_virtual_packages_and_other_channels_are_not_asked_of_this_one() -> None:
    assert closed([artifact("app", "1.0", "__glibc >=2.17")], []).passes
    assert not closed([artifact("app", "1.0", "openssl")], []).passes
    assert closed([artifact("app", "1.0", "openssl")], [], upstream=True).passes
    assert not closed([artifact("app", "1.0", "lib >=2")], [artifact("lib", "1.4")], upstream=True).passes


def test_a_newest_package_that_an_exported_bound_would_leave_on_the_old_one_refuses() -> None:
    there = [artifact("lib", "1.4"), artifact("app", "1.0", "lib >=1.4,<2")]
    assert no_regression([artifact("lib", "2.0")], there).verdict is Verdict.REFUSED
    assert no_regression([artifact("lib", "2.0"), artifact("app", "1.1", "lib >=2")], there).passes
    assert no_regression([artifact("lib", "1.5")], there).passes


def test_a_bound_in_a_recipes_own_text_is_named_and_stops_nobody() -> None:
    there = [artifact("lib", "1.4"), artifact("app", "1.0", "lib <2", origin=Origin.TEXT)]
    answer = no_regression([artifact("lib", "2.0")], there)
    assert answer.passes
    assert "would stay off lib 2.0" in answer.reasons[0]


def test_who_was_left_behind_long_ago_stops_nobody() -> None:
    there = [artifact("lib", "1.4"), artifact("lib", "2.0"), artifact("app", "1.0", "lib >=1.4,<2")]
    assert no_regression([artifact("lib", "2.1")], there).passes


def test_old_versions_in_the_channel_are_nobodys_newest() -> None:
    there = [artifact("lib", "1.4"), artifact("app", "0.9", "lib >=1.4,<2"), artifact("app", "1.0", "lib")]
    assert no_regression([artifact("lib", "2.0")], there).passes


def test_many_reasons_are_shortened() -> None:
    answer = gates.tested([Candidate(artifact(f"lib{n}"), "failed") for n in range(30)], [])
    assert (len(answer.reasons), answer.reasons[-1]) == (21, "and 10 more")
