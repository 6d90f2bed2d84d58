"""What follows from another version of a package, before anybody wrote it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.recipes import RunExports
from controller.planning.impact import decide
from controller.planning.specs import admits_version
from controller.planning.supposing import moved_to, repinned, what_if
from tests.kit.drawing import build_drawn, make_artifact, make_output, make_reading, memberships


@pytest.mark.parametrize(
    ("spec", "old", "new", "becomes"),
    [
        ("lib >=1.4,<2.0a0", "1.4.2", "2.5.1", "lib >=2.5,<3.0a0"),
        ("lib >=1.4.2,<1.5.0a0", "1.4.2", "1.6.0", "lib >=1.6.0,<1.7.0a0"),
        ("lib >=2025.3.1,<2026.0a0", "2025.3.1", "2026.1.0", "lib >=2026.1.0,<2027.0a0"),
        ("lib ==1.4.2 h123_0", "1.4.2", "2.0", "lib ==2.0 h123_0"),
        ("lib 1.4.*", "1.4.2", "2.5.1", "lib 2.5.*"),
        ("lib", "1.4.2", "2.5.1", "lib"),
        ("lib >=0.9", "1.4.2", "2.5.1", "lib >=0.9"),
        ("lib <1", "1.4.2", "2.5.1", "lib <1"),
    ],
)
def test_a_bound_is_made_from_the_new_version_as_it_was_from_the_old(
    spec: str, old: str, new: str, becomes: str
) -> None:
    assert repinned(spec, old, new) == becomes


versions = st.lists(st.integers(0, 40), min_size=2, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(versions, versions, st.integers(1, 2))
def test_a_bound_that_was_made_from_the_old_version_admits_the_new_one(old: str, new: str, segments: int) -> None:
    parts = old.split(".")
    upper = ".".join((*parts[: segments - 1], str(int(parts[segments - 1]) + 1)))
    assert admits_version(repinned(f"lib >={old},<{upper}.0a0", old, new), new)


def test_a_recipe_moves_with_all_its_outputs_and_what_they_say_of_each_other() -> None:
    lib = make_output("lib", "1.4.2", recipe="lib", weak=["lib >=1.4.2,<2.0a0"])
    tools = make_output("lib-tools", "1.4.2", recipe="lib", pinned=["lib ==1.4.2 h1_0"], run=["zlib >=1.4"])
    other = make_output("other", "1.4.2")
    moved = what_if([lib, tools, other], "lib", "2.0.1")
    assert [output.version for output in moved] == ["2.0.1", "2.0.1", "1.4.2"]
    assert moved[0].run_exports.weak == ("lib >=2.0.1,<3.0a0",)
    assert [r.spec for r in moved[1].requirements] == ["zlib >=1.4", "lib ==2.0.1 h1_0"]
    assert moved[2] is other


def test_what_if_a_package_of_another_channel_moved() -> None:
    mkl = make_artifact(make_output("mkl", "2025.3", exports=RunExports(weak=("mkl >=2025.3,<2026.0a0",))))
    outputs = [make_output("mkl", "2025.3", weak=["mkl >=2025.3,<2026.0a0"]), make_output("numexpr", host=["mkl"])]
    base = [artifact for artifact in build_drawn(outputs) if artifact.name != "mkl"]
    stays = decide(make_reading(outputs[1]), base, moves=[moved_to(mkl, "2025.4")])
    assert memberships(stays) == {"numexpr": "retest R2"}
    moves = decide(make_reading(outputs[1]), base, moves=[moved_to(mkl, "2026.1")])
    assert memberships(moves) == {"numexpr": "rebuild R1"}
    assert moves.moves[0].about == "mkl"
    assert moves.members[0].reasons[0].path == ("mkl", "numexpr")
