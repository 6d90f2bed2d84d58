"""What a person would write where text in a recipe is in the way."""

from controller.planning.edits import Edit, of_recipe, proposed
from controller.planning.impact import decide
from tests.kit.drawing import build_drawn, make_output, make_reading


def test_text_that_is_in_the_way_becomes_what_admits_the_new_version_in_its_own_form() -> None:
    lib = make_output("lib", "1.4", weak=["lib >=1.4,<2.0a0"])
    users = [
        make_output("glob", host=["lib 1.*"]),
        make_output("bound", run=["lib <2"]),
        make_output("odd", run=["lib <1.9|>5"]),
        make_output("free", host=["lib"]),
    ]
    base = build_drawn([lib, *users])
    decision = decide(make_reading(make_output("lib", "2.0", weak=["lib >=2.0,<3.0a0"]), *users), base)
    edits = proposed(decision, base)
    assert edits == (
        Edit("glob", "glob", "lib 1.*", "lib 2.*"),
        Edit("bound", "bound", "lib <2", "lib <3"),
        Edit("odd", "odd", "lib <1.9|>5"),
    )
    assert [recipe for recipe, _ in of_recipe(edits)] == ["glob", "bound", "odd"]


def test_where_nothing_is_in_the_way_nothing_is_proposed() -> None:
    lib, app = make_output("lib", "1.4", weak=["lib >=1.4,<2.0a0"]), make_output("app", host=["lib"])
    base = build_drawn([lib, app])
    assert proposed(decide(make_reading(make_output("lib", "2.0"), app), base), base) == ()
