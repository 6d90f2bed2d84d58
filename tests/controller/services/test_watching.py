"""What moves in a watched channel becomes one batch, whatever the channel, the loop or another controller does."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
import zstandard

from controller.domain.errors import TreeError
from controller.domain.upstream import WatchedChannel
from controller.services import following, intake, redeciding, watching
from controller.services.answers import batches as answers
from controller.services.answers.upstream import upstream_view
from controller.services.farm import Farm
from controller.services.opening import Basis
from controller.storage import batches, upstream
from controller.storage.tables import from_json
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import write_recipe
from tests.kit.served import Served, served
from tests.kit.upstream_channel import UpstreamChannel, foreign, in_folder
from tests.kit.watching_world import BUILD, IDLE, INTERVAL, MKL, NEXT, TBB, WatchingWorld

FOLLOWED = [("build", "num"), ("retest", "above"), ("test", "num")]
ZST = "linux-64/repodata.json.zst"


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


@pytest.fixture
def world(farm: Farm, tmp_path: Path) -> WatchingWorld:
    """The channel is a folder."""
    folder = tmp_path / "channel"
    world = WatchingWorld(farm, tmp_path / "tree", str(folder), UpstreamChannel(in_folder(folder)))
    world.begin()
    return world


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as channel:
        channel.tagged = True
        yield channel


@pytest.fixture
def online(farm: Farm, tmp_path: Path, server: Served) -> WatchingWorld:
    """The same over HTTP."""
    world = WatchingWorld(farm, tmp_path / "tree", server.url, UpstreamChannel(server.put))
    world.begin()
    return world


def test_the_first_look_is_the_base_and_rebuilds_nothing(world: WatchingWorld) -> None:
    assert (world.batches(), world.moves(), world.errors()) == ([], [], ["", ""])
    watch = upstream_view(world.farm).channels[0]
    assert (watch.subdir, watch.files, watch.followed) == ("linux-64", 3, 2)
    world.look()
    assert world.batches() == []


def test_a_new_version_rebuilds_who_excludes_it_and_retests_who_runs_with_that(world: WatchingWorld) -> None:
    world.hold(NEXT)
    world.look()
    (batch,) = world.batches()
    assert world.jobs(batch) == FOLLOWED
    assert (batch.title, batch.author, batch.state) == ("mkl 2026.1 in channel", "farm", "running")
    assert world.moves() == [("mkl", "2025.3", "2026.1", batch.name)]
    assert world.worker.finish() == [("build", "num"), ("test", "num"), ("test", "above")]
    with world.farm.reading() as session:
        base = {found.name: found for found in world.farm.standings.base(session)[1]}
    assert [d.spec for d in base["num"].depends] == ["mkl >=2026.1,<2027.0a0"]
    world.look()
    assert len(world.batches()) == 1


def test_another_build_of_the_version_only_retests(world: WatchingWorld) -> None:
    world.hold(BUILD)
    world.look()
    (batch,) = world.batches()
    assert ("build", "num") not in world.jobs(batch)
    assert ("retest", "num") in world.jobs(batch)


def test_what_moves_together_is_one_batch_that_says_what(world: WatchingWorld) -> None:
    world.hold(NEXT, foreign("tbb", "2.0"))
    world.look()
    (batch,) = world.batches()
    assert batch.title == "mkl 2026.1 and tbb 2.0 in channel"
    assert ("retest", "apart") in world.jobs(batch)
    view = answers.batch_view(world.farm, batch.name)
    assert view.kind == "upstream"
    assert [(move.name, move.before, move.after) for move in view.moves] == [
        ("mkl", f"2025.3 {MKL.build}", f"2026.1 {NEXT.build}"), ("tbb", f"1.0 {TBB.build}", f"2.0 {TBB.build}"),
    ]  # fmt: skip


def test_what_nobody_uses_makes_no_change(world: WatchingWorld) -> None:
    world.hold(foreign("idle", "9.0"), foreign("other", "1.0"))
    world.look()
    assert (world.batches(), world.moves()) == ([], [])


def test_another_variant_of_one_version_and_number_is_no_move(world: WatchingWorld) -> None:
    world.hold(replace(MKL, file_name="mkl-2025.3-other_0.conda", build="other_0", sha256="5" * 64, timestamp_ms=9))
    world.look()
    assert world.moves() == []


def test_a_move_that_forces_nothing_makes_no_batch_and_is_listed(world: WatchingWorld) -> None:
    """Nobody runs with what builds alone, and a rebuild of it shows nowhere."""
    world.worker.upstream.append(foreign("maker", "1.0"))
    (world.tree / "farm.toml").write_text('[tree.policy]\nnot_static = ["maker"]\n', encoding="utf-8")
    write_recipe(world.tree, "made", host=("maker",))
    world.channel.hold(foreign("maker", "1.0"))
    world.push()
    world.worker.finish()
    world.look()
    world.hold(foreign("maker", "2.0"))
    world.look()
    assert world.batches() == []
    assert world.moves() == [("maker", "1.0", "2.0", "nothing")]
    assert upstream_view(world.farm).moves[0].note == "Nothing is rebuilt or retested for it."


def test_who_is_built_with_a_package_from_now_on_is_judged_by_what_it_was_built_with(world: WatchingWorld) -> None:
    """It moved between the build and the first look that follows it."""
    world.hold(foreign("late", "1.0", exported="2.0a0"))
    write_recipe(world.tree, "user", host=("late",))
    world.push()
    world.worker.finish()
    world.hold(foreign("late", "2.0", exported="3.0a0"))
    world.look()
    (batch,) = world.batches()
    assert world.jobs(batch) == [("build", "user"), ("test", "user")]


def test_a_move_waits_for_what_was_begun_before_it_was_seen(world: WatchingWorld) -> None:
    write_recipe(world.tree, "num", host=("mkl",), exports=("num >=1.0,<2",), script=("# changed",))
    running = world.push()
    old = [*world.worker.upstream]
    world.hold(NEXT)
    world.look()
    assert world.batches() == []
    assert upstream_view(world.farm).moves[0].note == f"Waits for {running}, which began before."
    world.worker.upstream = old
    world.worker.finish()
    world.look(1)
    (batch,) = world.batches()
    assert world.jobs(batch) == FOLLOWED


def test_an_ignored_package_is_followed_once_the_override_has_ended(world: WatchingWorld) -> None:
    (world.tree / "farm.toml").write_text(
        '[[tree.overrides]]\nkind = "ignore upstream"\npackages = ["mk*"]\nauthor = "eva"\nreason = "2026 is broken"\n'
        "until = 2026-11-25\n", encoding="utf-8",
    )  # fmt: skip
    world.push()
    world.worker.finish()
    world.hold(NEXT)
    world.look()
    assert world.batches() == []
    assert upstream_view(world.farm).moves[0].note == "Ignored, by eva until 2026-11-25: 2026 is broken"
    world.look(86_400 * 1.1)
    assert world.batches() == []
    world.look(86_400 * 2)
    (batch,) = world.batches()
    assert world.jobs(batch) == FOLLOWED


def test_a_package_that_moved_back_before_it_was_followed_is_no_move(world: WatchingWorld) -> None:
    write_recipe(world.tree, "apart", host=("tbb",), run=("tbb",), script=("# changed",))
    world.push()
    world.hold(NEXT)
    world.look()
    world.channel.withdraw(NEXT)
    world.look()
    world.worker.upstream = world.channel.held
    world.worker.finish()
    world.look()
    assert world.batches() == []
    assert world.moves() == [("mkl", "2025.3", "2026.1", "nothing"), ("mkl", "2026.1", "2025.3", "nothing")]


def test_an_index_that_was_empty_for_a_while_moves_nothing(world: WatchingWorld) -> None:
    held = [*world.channel.held]
    world.channel.withdraw(*held)
    world.look()
    world.channel.hold(*held)
    world.look()
    assert world.moves() == []


def test_only_the_patterns_of_the_settings_are_watched(world: WatchingWorld) -> None:
    world.farm.rules = replace(world.farm.rules, watch=(WatchedChannel(world.url, packages=("tb*",)),))
    world.hold(NEXT)
    world.look()
    assert world.moves() == []


def test_of_two_channels_the_first_that_has_a_package_is_where_it_comes_from(
    world: WatchingWorld, tmp_path: Path
) -> None:
    second = UpstreamChannel(in_folder(tmp_path / "second"))
    second.hold(MKL)
    watch = (WatchedChannel(world.url), WatchedChannel(str(tmp_path / "second")))
    world.farm.rules = replace(world.farm.rules, watch=watch)
    world.look()
    second.hold(NEXT)
    world.look()
    assert world.moves() == []


def test_a_large_batch_waits_for_a_person(world: WatchingWorld) -> None:
    world.farm.rules = replace(world.farm.rules, circuit_breaker_jobs=1)
    world.hold(NEXT)
    world.look()
    assert [batch.state for batch in world.batches()] == ["held"]


def test_a_batch_that_is_decided_again_keeps_its_moves(world: WatchingWorld) -> None:
    world.hold(NEXT)
    world.look()
    (batch,) = world.batches()
    world.worker.fail = {("test", "above")}
    while ("test", "above") not in world.worker.done:
        assert world.worker.step()
    world.worker.fail = set()
    world.worker.finish()
    (batch,) = world.batches()
    basis: Basis = from_json(Basis, batch.basis)
    assert [(m.before.version if m.before else "", m.after.version) for m in basis.moves] == [("2025.3", "2026.1")]
    assert {revision["failed"] for revision in batch.revisions} == {""}
    turns = {(change["turn"], change["name"]) for revision in batch.revisions for change in revision["changes"]}
    assert ("escalated", "above") in turns
    assert {name for _, name in turns} == {"above"}
    assert ("build", "above") in world.jobs(batch)
    assert {("build", "num"), ("test", "num")} <= set(world.jobs(batch))
    assert batch.state == "passed"
    redeciding.redecide(world.farm, batch.name)
    assert len(world.batches()) == 1


# A channel that fails ------------------------------------------------------------------------------------------------


def test_what_did_not_change_is_asked_for_and_not_sent(online: WatchingWorld, server: Served) -> None:
    server.answers.clear()
    online.look()
    assert server.answers == [(ZST, 304), ("noarch/repodata.json.zst", 304)]
    online.look(60)
    assert len(server.answers) == 2


def test_a_channel_that_fails_loses_nothing_and_is_asked_ever_later(online: WatchingWorld, server: Served) -> None:
    online.hold(NEXT)
    server.failing[ZST] = 503
    online.look()
    assert online.errors()[0].endswith("linux-64/repodata.json.zst was answered with 503.")
    server.answers.clear()
    for seconds in (29, 2, 59, 2, 119, 2):
        online.look(seconds)
    assert [answer for answer in server.answers if answer[0] == ZST] == [(ZST, 503)] * 3
    server.failing.clear()
    online.look(3600)
    (batch,) = online.batches()
    assert online.jobs(batch) == FOLLOWED
    assert online.errors() == ["", ""]


@pytest.mark.parametrize("fault", ["cut", "garbage", "truncated", "exports"])
def test_a_damaged_answer_loses_nothing(online: WatchingWorld, server: Served, fault: str) -> None:
    online.hold(NEXT)
    whole = dict(server.files)
    damage(server, fault)
    online.look()
    assert online.moves() == []
    assert online.errors()[0]
    server.files, server.cut = whole, set()
    online.look(3600)
    assert [online.jobs(batch) for batch in online.batches()] == [FOLLOWED]


def damage(server: Served, fault: str) -> None:
    if fault == "cut":
        server.cut.add(ZST)
    elif fault == "garbage":
        server.files[ZST] = b"<html>"
    elif fault == "truncated":
        server.files[ZST] = zstandard.compress(zstandard.decompress(server.files[ZST])[:-100])
    else:
        server.files["linux-64/run_exports.json.zst"] = b"no"


def test_a_damaged_record_is_told_until_it_can_be_read(online: WatchingWorld, server: Served) -> None:
    online.hold(NEXT, foreign("tbb", "2.0"))
    whole = server.files[ZST]
    index = json.loads(zstandard.decompress(whole))
    index["packages.conda"][NEXT.file_name]["version"] = "!!"
    server.files[ZST] = zstandard.compress(json.dumps(index).encode())
    online.look()
    assert online.errors()[0].startswith("Not read: mkl (")
    assert [move[0] for move in online.moves()] == ["tbb"]
    online.worker.finish()
    server.files[ZST] = whole
    online.look()
    assert [move[0] for move in online.moves()] == ["tbb", "mkl"]


def test_a_channel_without_exports_is_followed_by_what_its_users_record(online: WatchingWorld, server: Served) -> None:
    online.channel.exports = False
    for name in [name for name in server.files if "run_exports" in name]:
        del server.files[name]
    online.hold(NEXT)
    online.look()
    (batch,) = online.batches()
    assert online.jobs(batch) == FOLLOWED
    basis: Basis = from_json(Basis, batch.basis)
    assert basis.moves[0].after.run_exports.weak == ("mkl >=2026.1,<2027.0a0",)


# A crash, or two at once ---------------------------------------------------------------------------------------------


class CrashError(Exception):
    """The process ends here."""


def crash(*_: object, **__: object) -> None:
    raise CrashError


@pytest.mark.parametrize("place", ["_keep_moves", "_next"])
def test_a_crash_while_a_look_is_kept_loses_no_move(
    world: WatchingWorld, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    world.hold(NEXT)
    with monkeypatch.context() as patch:
        patch.setattr(watching, place, crash)
        with pytest.raises(CrashError):
            world.look()
    assert world.moves() == []
    world.look(1)
    assert [world.jobs(batch) for batch in world.batches()] == [FOLLOWED]


def test_a_crash_between_the_look_and_the_batch_makes_one_batch_of_all_that_moved(world: WatchingWorld) -> None:
    world.hold(NEXT)
    world.farm.now.forward(INTERVAL)  # type: ignore[attr-defined]
    watching.watch_due(world.farm)
    world.hold(foreign("tbb", "2.0"))
    world.look()
    (batch,) = world.batches()
    assert batch.title == "mkl 2026.1 and tbb 2.0 in channel"


@pytest.mark.parametrize("place", ["store_batch", "store_jobs"])
def test_a_crash_while_the_batch_is_kept_leaves_the_move_to_be_followed_once(
    world: WatchingWorld, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    world.hold(NEXT)
    with monkeypatch.context() as patch:
        patch.setattr(intake, place, crash)
        with pytest.raises(CrashError):
            world.look()
    assert world.batches() == []
    assert upstream_view(world.farm).moves[0].note.startswith("Could not be planned, and will be again: ")
    world.look(31)
    assert [world.jobs(batch) for batch in world.batches()] == [FOLLOWED]


def test_a_crash_once_the_batch_is_kept_makes_no_second_one(
    world: WatchingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.hold(NEXT)
    real = intake.record

    def record(*given: object, **more: object) -> None:
        real(*given, **more)  # type: ignore[arg-type]
        raise CrashError

    with monkeypatch.context() as patch:
        patch.setattr(intake, "record", record)
        with pytest.raises(CrashError):
            world.look()
    world.look(31)
    assert len(world.batches()) == 1


def test_a_tree_that_cannot_be_read_now_follows_later(world: WatchingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.hold(NEXT)

    def stand(*_: object) -> None:
        raise TreeError("the tree is away.")

    with monkeypatch.context() as patch:
        patch.setattr(following, "stand", stand)
        world.look()
    assert upstream_view(world.farm).moves[0].note == "Could not be planned, and will be again: the tree is away."
    world.look(31)
    assert [world.jobs(batch) for batch in world.batches()] == [FOLLOWED]


def test_of_two_who_look_for_the_first_time_at_once_one_counts(
    world: WatchingWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    second = UpstreamChannel(in_folder(tmp_path / "second"))
    second.hold(MKL)
    world.farm.rules = replace(world.farm.rules, watch=(WatchedChannel(str(tmp_path / "second")),))
    with ThreadPoolExecutor(2) as both:
        together, real = Barrier(2), watching.poll

        def poll(*given: object) -> object:
            together.wait(60)
            return real(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(watching, "poll", poll)
        list(both.map(lambda _: watching.watch_due(world.farm, now=True), range(2)))
    with world.farm.reading() as session:
        assert [row.looks for row in upstream.all_watches(session) if "second" in row.channel] == [1, 1]


def test_of_two_who_look_at_once_one_counts(world: WatchingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.hold(NEXT)
    real = watching.poll

    def poll(*given: object) -> object:
        monkeypatch.setattr(watching, "poll", real)
        watching.watch_due(world.farm, now=True)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(watching, "poll", poll)
    world.look()
    assert len(world.moves()) == 1
    assert len(world.batches()) == 1


def test_of_two_who_follow_at_once_one_opens_the_batch(world: WatchingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.hold(NEXT)
    real = following.stand

    def stand(*given: object) -> object:
        monkeypatch.setattr(following, "stand", real)
        following.follow_due(world.farm)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(following, "stand", stand)
    world.look()
    assert len(world.batches()) == 1
    with world.farm.reading() as session:
        assert upstream.trees_with_moves(session, world.farm.now()) == []


def test_a_move_there_and_back_and_there_again_is_three_changes(world: WatchingWorld) -> None:
    for turn in (lambda: world.hold(NEXT), lambda: world.channel.withdraw(NEXT), lambda: world.hold(NEXT)):
        turn()
        world.worker.upstream = [*world.channel.held]
        world.look()
        world.worker.finish()
    assert len(world.batches()) == 3


def test_trees_that_form_one_farm_follow_together(world: WatchingWorld, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_recipe(other, "beside", host=("mkl",))
    world.farm.rules = replace(world.farm.rules, trees=(str(world.tree), str(other)))
    mine, world.tree = world.tree, other
    world.push()
    world.worker.finish()
    world.tree = mine
    world.hold(NEXT)
    world.look()
    (batch,) = world.batches()
    assert {name for kind, name in world.jobs(batch) if kind == "build"} == {"num", "beside"}


def test_the_change_stands_on_the_commit_that_was_pushed_last(world: WatchingWorld) -> None:
    assert IDLE in world.channel.held
    world.hold(NEXT)
    world.look()
    (batch,) = world.batches()
    with world.farm.reading() as session:
        change = batches.changes_by_id(session, [batch.change_id])[batch.change_id]
        assert change.commit == batches.last_commit(session, str(world.tree))
    assert change.key.startswith(f"upstream:{world.tree}:")
