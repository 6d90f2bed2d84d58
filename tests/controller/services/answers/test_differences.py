"""How plans differ: of one batch before and after, and of two batches."""

from collections.abc import Iterator

import pytest

from controller.domain.errors import InvalidInputError, NotFoundError
from controller.services.answers.batch_plans import plan_of_batch
from controller.services.answers.differences import difference_of_batches, kept_plan_of, sentence
from controller.services.answers.plan_shapes import PlanDifference
from controller.services.farm import Farm
from controller.storage import batches
from tests.kit.changing_world import World, surprise
from tests.kit.farms import make_farm


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Farm, str, str]]:
    """A batch that was decided again three times, and one after it whose library breaks its bound."""
    folder = tmp_path_factory.mktemp("told")
    farm = make_farm(folder)
    world = World(farm, folder / "tree")
    batch = surprise(world)
    world.write("lib", version="2.0", exports=("lib >=2.0,<3",))
    yield farm, batch, world.push("lib 2.0")
    farm.close()


def pairs(found: PlanDifference) -> set[tuple[str, str, str]]:
    return {(old.membership, new.membership, new.name) for old, new in found.moved}


def test_a_batch_as_it_was_opened_and_as_it_stands(told: tuple[Farm, str, str]) -> None:
    farm, batch, _ = told
    found = difference_of_batches(farm, f"{batch}@0", batch)
    assert pairs(found) == {("retest", "rebuild", "mid"), ("retest", "rebuild", "app")}
    assert (found.before, found.after) == (f"{batch}@0", f"{batch}@3")
    assert [revision.number for revision in found.revisions] == [1, 2, 3]
    assert found.jobs > 0
    assert sentence(found).startswith("2 done otherwise")


def test_each_new_decision_apart_and_backwards(told: tuple[Farm, str, str]) -> None:
    farm, batch, _ = told
    assert pairs(difference_of_batches(farm, f"{batch}@0", f"{batch}@1")) == {("retest", "rebuild", "mid")}
    assert pairs(difference_of_batches(farm, f"{batch}@1", f"{batch}@2")) == {("retest", "rebuild", "app")}
    assert pairs(difference_of_batches(farm, f"{batch}@1", f"{batch}@0")) == {("rebuild", "retest", "mid")}


def test_a_plan_is_the_same_as_itself(told: tuple[Farm, str, str]) -> None:
    found = difference_of_batches(told[0], told[1], told[1])
    assert sentence(found) == "The two plans do the same."
    assert found.revisions == ()


def test_two_batches(told: tuple[Farm, str, str]) -> None:
    farm, batch, after = told
    found = difference_of_batches(farm, f"{batch}@0", after)
    assert ("retest", "rebuild", "mid") in pairs(found)
    assert {(m.name, m.version) for m in found.added} == {("lib", "2.0")}
    assert {(m.name, m.version) for m in found.dropped} == {("lib", "1.0")}


def test_what_is_no_plan_or_was_never_is_said(told: tuple[Farm, str, str]) -> None:
    farm, batch, _ = told
    with pytest.raises(InvalidInputError, match="is no plan of a batch"):
        difference_of_batches(farm, "<b>", batch)
    with pytest.raises(NotFoundError, match="decided again 3 times, and not 9"):
        difference_of_batches(farm, f"{batch}@9", batch)
    with pytest.raises(NotFoundError, match="no batch B-99"):
        difference_of_batches(farm, "B-99", batch)


def test_a_plan_from_before_such_things_were_kept_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("old")
    farm = make_farm(folder)
    batch = surprise(World(farm, folder / "tree"))
    with farm.transaction() as session:
        row = batches.find_batch(session, batch)
        row.plan = {key: value for key, value in row.plan.items() if key not in ("earlier", "jobs")}
        session.add(row)
    with pytest.raises(NotFoundError, match=f"What {batch}@1 was is not kept"):
        plan_of_batch(farm, batch, 1)
    assert plan_of_batch(farm, batch).job_count is None
    assert difference_of_batches(farm, batch, batch).jobs == 0
    farm.close()


def test_names_of_plans() -> None:
    assert kept_plan_of("b-7@2") == ("B-7", 2)
    assert kept_plan_of("B-7") == ("B-7", None)
    for other in ("a.json", "B-7@", "./B-7", "B-7@-1", "B-7@1@2"):
        assert kept_plan_of(other) is None
