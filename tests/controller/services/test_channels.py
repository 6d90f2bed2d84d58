"""Snapshots: numbered, never changed, always addressable; going back gives the very bytes from before."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.channels import STABLE, TESTING, Act, staging
from controller.domain.errors import NotFoundError
from controller.gateways.packages import inspect
from controller.services import channels, intake, serving
from controller.services.farm import Farm
from controller.storage import artifacts
from controller.storage import channels as stored
from controller.storage.artifacts import ArtifactRow
from controller.storage.channels import SnapshotRow
from tests.kit.farms import make_farm
from tests.kit.packages import Package
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.rows import draw_batch
from tests.kit.simulated_worker import SimulatedWorker


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    draw_batch(farm, {"origin": []})
    yield farm
    farm.close()


def store(farm: Farm, *packages: Package) -> list[ArtifactRow]:
    """Package files in the store, recorded, in no channel."""
    rows = []
    with farm.transaction() as session:
        for package in packages:
            digest = farm.blobs.put_bytes(package.conda())
            found = inspect(farm.blobs.path(digest), package.subdir, package.file_name)
            rows.append(artifacts.add_artifact(session, found, 1, 1, farm.now()))
    return rows


def publish(farm: Farm, *packages: Package, channel: str = TESTING, act: Act = Act.PUBLISH) -> SnapshotRow:
    rows = store(farm, *packages)
    with farm.transaction() as session:
        return channels.publish(farm, session, channel, rows, batch_id=1, who="eva", why="as the test says", act=act)


def go_back(farm: Farm, undone: SnapshotRow) -> SnapshotRow:
    with farm.transaction() as session:
        return channels.go_back(farm, session, undone.channel, undone, who="eva", why="it broke")


def names(farm: Farm, channel: str, number: int) -> set[str]:
    with farm.reading() as session:
        return stored.names_in(session, channel, number)


ONE, TWO, THREE = (Package(name=name, subdir=subdir) for name, subdir in
                   (("one", "linux-64"), ("two", "linux-64"), ("three", "noarch")))  # fmt: skip


def test_each_move_is_a_new_number_and_the_old_ones_stay_as_they_were(farm: Farm) -> None:
    first, second = publish(farm, ONE), publish(farm, TWO, THREE)
    assert (first.number, first.base, second.number, second.base) == (1, 0, 2, 1)
    assert names(farm, TESTING, 1) == {"linux-64/one-1.0-h0_0.conda"}
    assert names(farm, TESTING, 2) == {
        "linux-64/one-1.0-h0_0.conda", "linux-64/two-1.0-h0_0.conda", "noarch/three-1.0-h0_0.conda",
    }  # fmt: skip
    assert (second.files, second.added, second.removed) == (3, 2, 0)


def test_going_back_gives_the_index_of_before_byte_for_byte(farm: Farm) -> None:
    before = publish(farm, ONE, THREE)
    undone = publish(farm, TWO, Package(name="a-first"), Package(name="four", subdir="noarch"))
    back = go_back(farm, undone)
    assert back.number == 3
    assert before.index
    assert (back.index, back.files) == (before.index, before.files)
    assert back.index != undone.index
    assert names(farm, TESTING, 3) == names(farm, TESTING, 1)


def test_going_back_brings_back_what_had_gone(farm: Farm) -> None:
    """Undoing in another order than the moves came in: what was taken away is put in again, bytes alike."""
    publish(farm, THREE)
    full = publish(farm, ONE, TWO)
    emptied = go_back(farm, full)
    assert names(farm, TESTING, emptied.number) == {"noarch/three-1.0-h0_0.conda"}
    again = go_back(farm, emptied)
    assert again.index == full.index
    assert names(farm, TESTING, again.number) == names(farm, TESTING, full.number)
    assert (again.added, again.removed) == (2, 0)


def test_every_snapshot_is_served_under_its_own_address(farm: Farm) -> None:
    publish(farm, ONE)
    undone = publish(farm, TWO)
    go_back(farm, undone)
    for number, there in ((1, {"one"}), (2, {"one", "two"}), (3, {"one"})):
        file = serving.channel_file(farm, TESTING, number, "linux-64", "repodata.json")
        assert file.settled
        assert file.path is not None
        repodata = json.loads(file.path.read_bytes())
        assert {record["name"] for record in repodata["packages.conda"].values()} == there
    assert serving.channel_file(farm, TESTING, None, "linux-64", "repodata.json").settled is False


def test_index_files_are_what_their_digests_say(farm: Farm) -> None:
    index = publish(farm, ONE, THREE).index
    assert {name.split("/")[0] for name in index} == {"linux-64", "noarch"}
    assert "linux-64/repodata.json" in index
    assert all(hashlib.sha256(farm.blobs.read(digest)).hexdigest() == digest for digest in index.values())


def test_a_subdir_that_did_not_move_keeps_its_index(farm: Farm) -> None:
    first, second = publish(farm, ONE, THREE), publish(farm, Package(name="four", subdir="osx-arm64"))
    assert first.index.items() <= second.index.items()
    assert {name.split("/")[0] for name in second.index} == {"linux-64", "noarch", "osx-arm64"}


def test_what_is_there_already_is_not_added_again(farm: Farm) -> None:
    rows = store(farm, ONE)
    for _ in range(2):
        with farm.transaction() as session:
            moved = channels.publish(farm, session, TESTING, rows, batch_id=1, who="eva", why="")
    assert (moved.files, moved.added) == (1, 0)


def test_a_file_that_is_in_no_channel_is_served_by_none(farm: Farm) -> None:
    store(farm, ONE)
    publish(farm, TWO)
    with farm.reading() as session:
        assert stored.was_ever_in(session, TESTING, "linux-64", ONE.file_name) is None
        assert stored.was_ever_in(session, STABLE, "linux-64", TWO.file_name) is None
    with pytest.raises(NotFoundError):
        serving.channel_file(farm, TESTING, None, "linux-64", ONE.file_name)
    assert serving.stored_file(farm, "linux-64", ONE.file_name).path is not None


def test_a_file_that_was_taken_back_is_served_for_those_who_hold_a_lock_file(farm: Farm) -> None:
    go_back(farm, publish(farm, ONE))
    served = serving.channel_file(farm, TESTING, None, "linux-64", ONE.file_name)
    assert served.path is not None
    assert hashlib.sha256(served.path.read_bytes()).hexdigest() == served.digest


def test_a_move_that_breaks_half_way_leaves_the_channel_where_it_was(farm: Farm) -> None:
    publish(farm, ONE)
    rows = store(farm, TWO)

    def break_half_way() -> None:
        with farm.transaction() as session:
            channels.publish(farm, session, TESTING, rows, batch_id=1, who="eva", why="")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_half_way()
    with farm.reading() as session:
        assert stored.current_of(session, TESTING) == 1
        assert stored.names_in(session, TESTING, 2) == {"linux-64/one-1.0-h0_0.conda"}


def test_the_staging_channel_of_a_batch_grows_with_every_build(farm: Farm, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_recipe(tree, "lib")
    write_recipe(tree, "user", host=("lib",))
    commit(tree, "two begin")
    worker = SimulatedWorker(farm)
    worker.step()  # the drawn job, which makes nothing
    batch = intake.push(farm, str(tree), None, who="ana").batch
    grown = []
    while worker.step():
        with farm.reading() as session:
            grown.append(stored.current_of(session, staging(batch)))
    assert worker.done[1:] == [("build", "lib"), ("test", "lib"), ("build", "user"), ("test", "user")]
    assert grown == [1, 1, 2, 2]
    with farm.reading() as session:
        assert stored.count_in(session, staging(batch), 1) == 1
        assert stored.count_in(session, staging(batch), 2) == 2
        assert stored.current_of(session, TESTING) == 0
