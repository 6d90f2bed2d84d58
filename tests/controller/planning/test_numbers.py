"""Build numbers never come twice, and what is rendered together shares one."""

from typing import Any

import pytest

from controller.domain.artifacts import Artifact
from controller.domain.recipes import Output
from controller.planning.impact import decide
from controller.planning.numbers import Name, assign, highest, named_twice, numbers_of, raised, rebuilt, stem_of
from tests.kit.drawing import build_drawn, ledger_of, make_output, make_reading, name_drawn


def numbers(*outputs, ledger=None):
    return assign(decide(make_reading(*outputs), ()), ledger or {})


def test_what_was_never_built_takes_the_number_of_its_recipe() -> None:
    assert numbers(make_output("lib", number=3)) == {("linux-64", "lib", "1.0"): 3}


def test_a_number_is_above_the_highest_ever_used() -> None:
    assert numbers(make_output("lib"), ledger={("linux-64", "lib", "1.0"): 7}) == {("linux-64", "lib", "1.0"): 8}


def test_another_version_starts_anew() -> None:
    assert numbers(make_output("lib", "2.0"), ledger={("linux-64", "lib", "1.0"): 7}) == {("linux-64", "lib", "2.0"): 0}


def test_the_recipes_own_number_wins_when_it_is_higher() -> None:
    found = numbers(make_output("lib", number=20), ledger={("linux-64", "lib", "1.0"): 7})
    assert found == {("linux-64", "lib", "1.0"): 20}


def test_all_outputs_and_subdirs_of_a_recipe_share_one_number() -> None:
    places = [("lib", "linux-64"), ("tools", "linux-64"), ("lib", "win-64")]
    outputs = [make_output(name, recipe="r", subdir=subdir) for name, subdir in places]
    found = numbers(*outputs, ledger={("win-64", "lib", "1.0"): 4})
    assert set(found.values()) == {5}


def test_variants_of_one_version_share_one_number() -> None:
    variants = [make_output("app", variant={"python": v}) for v in ("3.11", "3.12")]
    assert numbers(*variants, ledger={("linux-64", "app", "1.0"): 2}) == {("linux-64", "app", "1.0"): 3}


def test_only_what_is_rebuilt_gets_a_number() -> None:
    outputs = [make_output("lib"), make_output("app")]
    decision = decide(make_reading(*outputs), build_drawn(outputs[:1]))
    assert set(assign(decision, {})) == {("linux-64", "app", "1.0")}


def variants(*versions: str, **more: Any) -> list[Output]:
    return [make_output("app", variant={"python": version}, **more) for version in versions]


def standing_at(number: int, *outputs: Output) -> tuple[Artifact, ...]:
    names = {(o.subdir, o.name, o.version): number for o in outputs}
    return build_drawn(name_drawn(outputs, names))


def added(before: tuple[Artifact, ...], *outputs: Output, ledger: dict[Name, int] | None = None) -> dict[Name, int]:
    decision = decide(make_reading(*outputs), before)
    return assign(decision, ledger or ledger_of(before), numbers_of(before))


APP = ("linux-64", "app", "1.0")


def test_a_variant_that_is_only_added_keeps_the_number_of_its_siblings() -> None:
    before = standing_at(4, *variants("3.11", "3.12"))
    assert added(before, *variants("3.11", "3.12", "3.13")) == {APP: 4}


def test_it_does_so_though_higher_numbers_were_drafted_and_dropped() -> None:
    before = standing_at(4, *variants("3.11"))
    assert added(before, *variants("3.11", "3.12"), ledger={APP: 9}) == {APP: 4}


def test_where_a_sibling_is_rebuilt_too_all_go_up_together() -> None:
    before = standing_at(4, *variants("3.11", "3.12"))
    assert added(before, *variants("3.11", "3.12", "3.13", content="new")) == {APP: 5}


def test_what_is_added_to_no_standing_version_is_numbered_like_any_other() -> None:
    before = standing_at(4, *variants("3.11"))
    found = added(before, *variants("3.11", "3.12", version="2.0"), ledger={("linux-64", "app", "2.0"): 2, APP: 4})
    assert found == {("linux-64", "app", "2.0"): 3}


def test_a_subdir_that_is_added_keeps_in_step_with_the_others() -> None:
    there = make_output("lib", recipe="r")
    before = standing_at(3, there)
    assert added(before, there, make_output("lib", recipe="r", subdir="win-64")) == {("win-64", "lib", "1.0"): 3}


def test_the_number_that_a_recipe_asks_for_counts_for_what_is_added_too() -> None:
    before = standing_at(4, *variants("3.11"))
    assert added(before, *variants("3.11"), *variants("3.12", number=6)) == {APP: 6}


def test_where_a_name_was_used_before_its_whole_recipe_goes_above_all() -> None:
    outputs = [make_output("lib", recipe="r"), make_output("tools", recipe="r"), make_output("other")]
    decision = decide(make_reading(*outputs), ())
    given = {(o.subdir, o.name, o.version): 2 for o in outputs}
    found = raised(decision, given, {("linux-64", "tools", "1.0")}, {("linux-64", "lib", "1.0"): 7})
    assert {name: number for (_, name, _), number in found.items()} == {"lib": 8, "tools": 8, "other": 2}


def test_other_channels_count_where_they_are_known() -> None:
    assert numbers(make_output("lib"), ledger=highest({LIB: 1}, {LIB: 5}, {APP: 3})) == {LIB: 6}


LIB = ("linux-64", "lib", "1.0")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("app-1.0-h1_0.conda", "app-1.0-h1_0.tar.bz2"),
        ("app-1.0RC1-h1_0.conda", "app-1.0rc1-h1_0.conda"),
        ("app-1.0-H1_0.tar.bz2", "app-1.0-h1_0.conda"),
    ],
)
def test_formats_and_cases_of_a_name_are_one(one: str, other: str) -> None:
    assert stem_of(one) == stem_of(other)


def test_two_outputs_of_one_file_name_are_told_whichever_recipes_they_are_of() -> None:
    one, two = make_output("lib", recipe="a"), make_output("lib", recipe="b")
    assert named_twice([one, make_output("app"), two]) == [(one, two)]


def test_of_what_is_named_together_only_the_rebuilt_are_to_be_built() -> None:
    before = standing_at(4, *variants("3.11"))
    decision = decide(make_reading(*variants("3.11", "3.12")), before)
    named = name_drawn(variants("3.11", "3.12"), {APP: 4})
    assert [output.variant["python"] for output in rebuilt(decision, named)] == ["3.12"]
