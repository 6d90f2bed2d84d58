"""Promotion and restore: each one act, refused whole or done whole, and taken back to the very bytes from before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.channels import STABLE, TESTING, staging
from controller.domain.errors import GateRefusedError, IllegalMoveError, InvalidInputError, NotFoundError
from controller.services import intake, promotion
from controller.services.farm import Farm
from controller.storage import artifacts, batches, channels, events
from controller.storage.channels import SnapshotRow
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tmp_path / "tree"


def publish(farm: Farm, tree: Path, name: str, run: tuple[str, ...] = ()) -> str:
    """A batch of one new recipe, built, tested and settled."""
    write_recipe(tree, name, run=run)
    commit(tree, f"{name} begins")
    batch = intake.push(farm, str(tree), None, who="ana").batch
    SimulatedWorker(farm).finish()
    return batch


def snapshot(farm: Farm, number: int) -> SnapshotRow:
    with farm.reading() as session:
        return channels.find_snapshot(session, STABLE, number)


def current(farm: Farm) -> int:
    with farm.reading() as session:
        return channels.current_of(session, STABLE)


def state(farm: Farm, batch: str) -> str:
    with farm.reading() as session:
        return batches.find_batch(session, batch).state


def stable(farm: Farm) -> set[str]:
    """Names in stable as it is now."""
    with farm.reading() as session:
        return {row.name for row in channels.files_in(session, STABLE, channels.current_of(session, STABLE))}


def everything(farm: Farm) -> tuple[object, ...]:
    """What a refusal or a preview must not change."""
    with farm.reading() as session:
        pointers = {row.name: row.current for row in channels.all_channels(session)}
        states = [row.state for row in batches.newest_batches(session, 10)]
        return pointers, states, events.newest_event(session)


def test_a_promotion_moves_stable_once_and_says_who_and_why(farm: Farm, tree: Path) -> None:
    batch = publish(farm, tree, "one")
    moved = promotion.promote(farm, batch, who="eva", why="looks well")
    assert (moved.promotion, moved.snapshot, moved.allowed) == ("stable@1", 1, True)
    assert [file.split("/")[1].split("-")[0] for file in moved.added] == ["one"]
    assert (state(farm, batch), stable(farm)) == ("promoted", {"one"})
    row = snapshot(farm, 1)
    assert (row.who, row.why, row.act, f"B-{row.batch_id}") == ("eva", "looks well", "promote", batch)


def test_promoting_twice_is_refused(farm: Farm, tree: Path) -> None:
    batch = publish(farm, tree, "one")
    promotion.promote(farm, batch, who="eva")
    with pytest.raises(IllegalMoveError):
        promotion.promote(farm, batch, who="eva")
    assert current(farm) == 1


def test_a_batch_that_has_not_settled_is_not_promoted(farm: Farm, tree: Path) -> None:
    write_recipe(tree, "one")
    commit(tree, "one begins")
    batch = intake.push(farm, str(tree), None, who="ana").batch
    with pytest.raises(IllegalMoveError):
        promotion.promote(farm, batch, who="eva")
    assert (state(farm, batch), current(farm)) == ("running", 0)


def test_a_gate_that_refuses_changes_nothing(farm: Farm, tree: Path) -> None:
    """What it runs with is not in stable: the set would not be closed."""
    publish(farm, tree, "lib")
    app = publish(farm, tree, "app", run=("lib",))
    before = everything(farm)
    with pytest.raises(GateRefusedError, match=r"closed.*'lib'"):
        promotion.promote(farm, app, who="eva")
    assert everything(farm) == before
    assert not promotion.promote(farm, app, who="eva", dry_run=True).allowed
    promotion.promote(farm, "B-1", who="eva")
    promotion.promote(farm, app, who="eva")
    assert stable(farm) == {"lib", "app"}


def test_without_a_passed_test_nothing_is_promoted(farm: Farm, tree: Path) -> None:
    batch = publish(farm, tree, "one")
    for verdict in ("failed", "no_tests", ""):
        with farm.transaction() as session:
            for row in artifacts.of_batch(session, batches.number_of(batch)):
                row.verdict = verdict
        with pytest.raises(GateRefusedError, match="tested"):
            promotion.promote(farm, batch, who="eva")
    assert current(farm) == 0


def test_a_preview_says_all_and_changes_nothing(farm: Farm, tree: Path) -> None:
    batch = publish(farm, tree, "one")
    before = everything(farm)
    preview = promotion.promote(farm, batch, who="eva", dry_run=True)
    assert everything(farm) == before
    assert (preview.base, preview.allowed, len(preview.added), preview.promotion) == (0, True, 1, "")
    promotion.promote(farm, batch, who="eva")
    before = everything(farm)
    back = promotion.restore(farm, "stable@1", who="eva", dry_run=True)
    assert everything(farm) == before
    assert (back.removed, back.added) == (preview.added, ())


def test_a_restore_gives_the_bytes_from_before(farm: Farm, tree: Path) -> None:
    first, second = publish(farm, tree, "one"), publish(farm, tree, "two")
    promotion.promote(farm, first, who="eva")
    promotion.promote(farm, second, who="eva")
    promotion.restore(farm, "stable@2", who="eva", why="two breaks users")
    assert current(farm) == 3
    assert snapshot(farm, 3).index == snapshot(farm, 1).index
    assert snapshot(farm, 2).index != snapshot(farm, 1).index
    assert (state(farm, first), state(farm, second), stable(farm)) == ("promoted", "restored", {"one"})


def test_only_the_newest_promotion_is_restored_and_then_the_one_before_it(farm: Farm, tree: Path) -> None:
    for name in ("one", "two"):
        promotion.promote(farm, publish(farm, tree, name), who="eva")
    with pytest.raises(IllegalMoveError, match=r"stable@2.*stands on stable@1.*Restore stable@2 first"):
        promotion.restore(farm, "stable@1", who="eva")
    assert current(farm) == 2
    promotion.restore(farm, "stable@2", who="eva")
    with pytest.raises(IllegalMoveError, match="taken back already"):
        promotion.restore(farm, "stable@2", who="eva")
    promotion.restore(farm, "stable@1", who="eva")
    assert (current(farm), stable(farm)) == (4, set())
    assert (state(farm, "B-1"), state(farm, "B-2")) == ("restored", "restored")
    with pytest.raises(IllegalMoveError):
        promotion.restore(farm, "stable@1", who="eva")


def test_what_was_restored_can_be_promoted_and_restored_again(farm: Farm, tree: Path) -> None:
    for name in ("one", "two"):
        promotion.promote(farm, publish(farm, tree, name), who="eva")
    promotion.restore(farm, "stable@2", who="eva")
    moved = promotion.promote(farm, "B-2", who="eva", why="it was something else")
    assert (moved.promotion, state(farm, "B-2")) == ("stable@4", "promoted")
    assert snapshot(farm, 4).index == snapshot(farm, 2).index
    with pytest.raises(IllegalMoveError, match="taken back already"):
        promotion.restore(farm, "stable@2", who="eva")
    promotion.restore(farm, "stable@4", who="eva")
    assert snapshot(farm, 5).index == snapshot(farm, 1).index
    promotion.restore(farm, "stable@1", who="eva")
    assert stable(farm) == set()


def test_of_a_partial_batch_only_what_was_published_is_promoted(farm: Farm, tree: Path) -> None:
    for name in ("good", "bad"):
        write_recipe(tree, name)
    commit(tree, "two begin")
    batch = intake.push(farm, str(tree), None, who="ana").batch
    SimulatedWorker(farm, fail={("test", "bad")}).finish()
    promotion.promote(farm, batch, who="eva")
    assert stable(farm) == {"good"}


def test_staging_and_testing_take_no_promotions(farm: Farm, tree: Path) -> None:
    batch = publish(farm, tree, "one")
    for channel in (TESTING, staging(batch)):
        with pytest.raises(InvalidInputError):
            promotion.promote(farm, batch, to=channel, who="eva")
    with pytest.raises(IllegalMoveError):
        promotion.restore(farm, "testing@1", who="eva")


def test_what_is_no_promotion_is_said_so(farm: Farm) -> None:
    for name in ("stable", "stable@", "@1", "stable@one", "stable@7"):
        with pytest.raises(NotFoundError):
            promotion.restore(farm, name, who="eva")
