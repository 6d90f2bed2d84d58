"""Pins that stay behind what moved, by hand on small trees, and by law on drawn ones."""

from collections.abc import Sequence

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from controller.domain.plans import Membership, Notice, NoticeKind
from controller.domain.recipes import Origin
from controller.planning.migrations import Pinning
from controller.planning.notices import PinTable, pin_notices
from tests.kit.drawing import plan_drawn
from tests.kit.forge import UnbuildableError, forge_all
from tests.kit.small_trees import Recipe, Tree, changed, small_changes, small_trees

LIB = Recipe("lib", 1)
APP = Recipe("app", 1, host=("lib",), compatible=("lib",))


def table(pins: dict[str, int], groups: Sequence[tuple[str, ...]] = ()) -> PinTable:
    values = {name.replace("-", "_"): (str(value),) for name, value in pins.items()}
    pinning = Pinning(values, tuple(groups))
    return PinTable("linux-64", pinning, pinning, dict.fromkeys(values, "pins.yaml"))


def noticed(
    recipes: Sequence[Recipe], before: dict[str, int], after: dict[str, int], groups: Sequence[tuple[str, ...]] = (),
    **kinds: str,
) -> tuple[Notice, ...]:  # fmt: skip
    there = forge_all(Tree(tuple(recipes), before).render())
    moved = Tree(tuple(changed(r, kinds[r.name]) if r.name in kinds else r for r in recipes), after)
    return pin_notices(plan_drawn(moved.render(), there).decision, [table(after, groups)])


def test_a_pin_that_stays_behind_its_package_is_told_with_users_and_what_to_write() -> None:
    (notice,) = noticed([LIB, APP], {"lib": 1}, {"lib": 1}, lib="major")
    assert notice == Notice(
        NoticeKind.PIN_BEHIND, "lib", file="pins.yaml", values=("1",), now="2.0", proposed="2", users=("app",)
    )


def test_a_pin_that_follows_its_package_is_no_news() -> None:
    assert noticed([LIB, APP], {"lib": 1}, {"lib": 2}, lib="major") == ()
    assert noticed([LIB, APP], {"lib": 1}, {"lib": 1}, lib="minor") == ()


def test_a_pin_that_is_behind_a_package_which_nothing_moves_is_not_told_again_and_again() -> None:
    other = Recipe("other", 1)
    assert noticed([changed(LIB, "major"), Recipe("app", 1, run=("lib",)), other], {}, {}, other="major") == ()


def test_a_pin_of_one_recipe_that_moves_alone_tells_of_the_one_that_it_left_behind() -> None:
    blas = Recipe("blas", 2, sibling=True)
    users = [Recipe("one", 1, host=("blas",)), Recipe("two", 1, build=("blas-x",))]
    old = forge_all(Tree((Recipe("blas", 1, sibling=True), *users), {"blas": 1, "blas-x": 1}).render())
    there = (*old, *forge_all(Tree((blas,)).render()))
    decision = plan_drawn(Tree((blas, *users), {"blas": 2, "blas-x": 1}).render(), there).decision
    (notice,) = pin_notices(decision, [table({"blas": 2, "blas-x": 1})])
    assert (notice.about, notice.beside, notice.values, notice.now) == ("blas_x", "blas", ("1",), "2.0")


def test_one_pin_of_a_group_that_moves_alone_is_told() -> None:
    blas, other = Recipe("blas", 1), Recipe("lapack", 1)
    app = Recipe("app", 1, host=("blas",))
    groups = [("blas", "lapack", "flag")]
    found = noticed([blas, other, app], {"blas": 1, "lapack": 1}, {"blas": 2, "lapack": 1}, groups, blas="major")
    assert [(n.kind, n.about, n.beside, n.now, n.proposed) for n in found] == [
        (NoticeKind.ZIPPED_BEHIND, "lapack", "blas", "2", "2")
    ]
    assert noticed([blas, other, app], {"blas": 1, "lapack": 1}, {"blas": 2, "lapack": 3}, groups, blas="major") == ()


@st.composite
def moving_trees(draw: st.DrawFn) -> tuple[Tree, Tree]:
    tree = draw(small_trees())
    return tree, draw(small_changes(tree))


@given(moving_trees())
@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
def test_whoever_a_pin_alone_keeps_on_an_old_package_is_named_in_a_notice(trees: tuple[Tree, Tree]) -> None:
    before, after = trees
    try:
        there = forge_all(before.render())
    except UnbuildableError:
        return
    decision = plan_drawn(after.render(), there).decision
    found = pin_notices(decision, [table(dict(after.pins))])
    said = {(user, notice.about) for notice in found for user in notice.users}
    kept = {
        (member.output.name, reason.spec.split(" ")[0])
        for member in decision.having(Membership.EDIT)
        for reason in member.reasons
        if reason.origin == Origin.VARIANT
    }
    event(f"{len(kept)} kept")
    assert kept <= said
