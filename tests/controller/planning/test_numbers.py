"""Build numbers never come twice, and what is rendered together shares one."""

from controller.planning.impact import decide
from controller.planning.numbers import assign
from tests.kit.drawing import make_output, make_reading


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
    from tests.kit.drawing import build_drawn

    outputs = [make_output("lib"), make_output("app")]
    decision = decide(make_reading(*outputs), build_drawn(outputs[:1]))
    assert set(assign(decision, {})) == {("linux-64", "app", "1.0")}
