"""Whatever comes of a batch, it comes to an end, and what it publishes goes together."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from controller.domain.channels import TESTING
from controller.domain.jobs import SETTLED, JobState
from controller.services import reconcile, redeciding
from controller.services.overlaying import resume
from controller.storage import artifacts, batches, channels, jobs
from tests.kit.changing_world import World, library, program
from tests.kit.farms import make_farm

NAMES = ("lib", "mid", "leaf", "app")
_MOST_STEPS = 60
SYMBOLS = ("f_one", "f_two", "f_three")
FINAL = SETTLED | {JobState.FAILED, JobState.UNSOLVABLE, JobState.BLOCKED}


@dataclass(frozen=True)
class Surprises:
    """What the second batch brings."""

    transitive: bool
    same: frozenset[str]
    uses: tuple[tuple[str, tuple[str, ...]], ...]
    kept: frozenset[str]
    """Symbols that the new library still has, if it is another at all."""
    failing: frozenset[tuple[str, str]]
    unsolvable: frozenset[tuple[str, str]]
    narrow: bool
    """The new library exports another range than its recipe says."""

    @property
    def left(self) -> frozenset[str]:
        """Symbols that are there in the end: the same content has the same symbols."""
        return frozenset(SYMBOLS) if "lib" in self.same else self.kept


some_names = st.frozensets(st.sampled_from(NAMES), max_size=3)
some_symbols = st.lists(st.sampled_from(SYMBOLS), unique=True, max_size=2).map(tuple)
some_tests = st.frozensets(st.sampled_from([("test", name) for name in NAMES]), max_size=2)
some_jobs = st.frozensets(st.sampled_from([(kind, name) for kind in ("build", "test") for name in NAMES]), max_size=2)
surprises = st.builds(
    Surprises,
    transitive=st.booleans(), same=some_names,
    uses=st.tuples(*(st.tuples(st.just(name), some_symbols) for name in NAMES[1:])),
    kept=st.frozensets(st.sampled_from(SYMBOLS)), failing=some_jobs, unsolvable=some_tests, narrow=st.booleans(),
)  # fmt: skip


def begin(folder: Path, drawn: Surprises) -> World:
    """The world as it was built at first."""
    farm = make_farm(folder)
    (folder / "tree").mkdir()
    if drawn.transitive:
        (folder / "tree" / "farm.toml").write_text('[tree.policy]\nscope = "transitive"\n')
    world = World(farm, folder / "tree")
    world.worker.same = set(drawn.same)
    world.worker.libraries = {"lib": library(*SYMBOLS)} | {name: program(*used) for name, used in drawn.uses}
    world.begin()
    return world


def surprise(world: World, drawn: Surprises) -> str:
    """Push a change of the library, and let it come out as drawn."""
    worker = world.worker
    batch = world.change_lib()
    worker.libraries["lib"] = library(*sorted(drawn.left))
    worker.fail, worker.unsolvable = set(drawn.failing), set(drawn.unsolvable)
    worker.exports = {"lib": {"weak": ["lib >=1.0,<1.5"]}} if drawn.narrow else {}
    for _ in range(_MOST_STEPS):
        if not worker.step():
            break
    else:
        raise AssertionError(f"it never ends: {worker.done[-10:]}, {world.states(batch)}")
    reconcile.settle_finished(world.farm)
    return batch


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(surprises)
def test_whatever_comes_of_a_batch_it_ends_and_is_whole(drawn: Surprises) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = begin(Path(folder), drawn)
        batch = surprise(world, drawn)
        expect_ended(world, batch)
        expect_no_broken_user(world, drawn)
        expect_nothing_more_to_decide(world, batch)
        world.farm.close()


def expect_ended(world: World, batch: str) -> None:
    """Every job has ended as one may, and the batch has its verdict."""
    states = {key: JobState(state) for key, state in world.states(batch).items()}
    assert set(states.values()) <= FINAL
    assert world.batch(batch).state in {"passed", "partial", "failed"}
    assert all(not revision["failed"] for revision in world.batch(batch).revisions)
    whole = all(state in SETTLED for state in states.values())
    assert (world.batch(batch).state == "passed") is whole


def expect_no_broken_user(world: World, drawn: Surprises) -> None:
    """If the new library is published, whoever uses what it lacks was rebuilt against it."""
    farm = world.farm
    with farm.reading() as session:
        there = channels.files_in(session, TESTING, channels.current_of(session, TESTING))
        newest = {name: max((r for r in there if r.name == name), key=lambda r: r.build_number) for name in NAMES}
        published = newest["lib"].build_number > 0
        known = artifacts.interfaces(session)
    assert newest["lib"].file in known
    for name, used in drawn.uses:
        if published and not drawn.left.issuperset(used):
            hosts = newest[name].value().used
            rebuilt = newest[name].build_number > 0
            assert rebuilt, (name, used, hosts)


def expect_nothing_more_to_decide(world: World, batch: str) -> None:
    """Deciding again, and counting again, changes nothing."""
    before = (world.states(batch), world.batch(batch).revisions)
    redeciding.redecide(world.farm, batch)
    with world.farm.transaction() as session:
        resume(world.farm, session, batches.find_batch(session, batch))
        assert not any(job.due for job in jobs.jobs_of_batch(session, world.batch(batch).id or 0))
    assert (world.states(batch), world.batch(batch).revisions) == before
