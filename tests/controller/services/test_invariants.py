"""The farm's promises as questions: a sound farm answers nothing, a broken one says what is broken."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.invariant_words import PROMISES, breach_sentence
from controller.domain.invariants import Invariant
from controller.domain.jobs import JobState
from controller.services import invariants, leases
from controller.services.farm import Farm
from controller.storage.jobs import JobRow
from tests.kit.changing_world import World
from tests.kit.farms import make_farm
from tests.kit.rows import asking, draw_batch


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def test_a_sound_farm_keeps_every_promise_and_a_lost_file_is_named(farm: Farm, tmp_path: Path) -> None:
    world = World(farm, tmp_path / "tree")
    world.begin()
    assert invariants.find_breaches(farm, deep=True) == []
    assert invariants.find_unfinished(farm) == []
    with farm.reading() as session:
        row = invariants.all_artifacts(session)[0]
    farm.blobs.path(row.sha256).unlink()
    (breach,) = invariants.find_breaches(farm)
    assert (breach.invariant, breach.subject) == (Invariant.KEPT, row.file)
    assert PROMISES[Invariant.KEPT] in breach_sentence(breach)


def test_a_job_that_runs_under_nobody_or_waits_for_nothing_is_named(farm: Farm) -> None:
    jobs = draw_batch(farm, {"one": [], "two": []})
    claim = leases.claim(farm, asking())
    assert claim is not None
    with farm.transaction() as session:
        for name, state in (("one", JobState.READY), ("two", JobState.RUNNING)):
            row = session.get(JobRow, jobs[name])
            assert row is not None
            row.state = state.value
    found = {(breach.invariant, breach.subject) for breach in invariants.find_breaches(farm)}
    assert (Invariant.ONE_EFFECT, claim.attempt) in found
    assert (Invariant.ENDS, f"J-{jobs['two']}") in found
    assert {breach.invariant for breach in invariants.find_unfinished(farm)} == {Invariant.ENDS}
