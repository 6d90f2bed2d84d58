"""Who is given the next worker: lanes, shares and bumps, through the claim itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.domain.batches import BatchState
from controller.domain.errors import IllegalMoveError
from controller.domain.jobs import JobKind, JobState
from controller.domain.plans import PlannedJob
from controller.domain.priorities import Priority
from controller.planning.forecast import tasks_of
from controller.services import forecast, intake, leases, requests, results, sharing
from controller.services.answers import batches as answers
from controller.services.answers import jobs as job_answers
from controller.services.farm import Farm
from controller.storage import batches, events, jobs
from controller.storage.batches import BatchRow, ChangeRow
from controller.storage.jobs import JobRow
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.rows import asking
from workers.contract.reports import Outcome, Report


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def opened(
    farm: Farm, names: str, author: str = "eva", priority: Priority = Priority.NORMAL, state: str = "running"
) -> str:
    """A batch of jobs of one letter each, which wait for nobody, ranked as any that is opened."""
    with farm.transaction() as session:
        change = ChangeRow(key=f"push:{names}", kind="push", tree="t", commit="c", at=farm.now())
        session.add(change)
        session.flush()
        batch = BatchRow(
            change_id=change.id or 0, state=state, title=names, author=author, priority=priority.value,
            created_at=farm.now(),
        )  # fmt: skip
        session.add(batch)
        session.flush()
        plan = [PlannedJob(name, JobKind.BUILD, name, name, "linux-64", "linux-64", 0, (), ()) for name in names]
        rows = {name: _row(farm, batch, name) for name in names}
        sharing.rank_new(farm, session, batch, tasks_of(plan), rows)
        session.add_all(rows.values())
        return batch.name


def _row(farm: Farm, batch: BatchRow, name: str) -> JobRow:
    order = {
        "kind": "build", "recipe": name, "source_sha256": "0" * 64, "variant_config": "", "target_platform": "linux-64",
        "build_platform": "linux-64", "build_number": 0, "files": [],
    }  # fmt: skip
    ready = batch.state == BatchState.RUNNING
    return JobRow(
        batch_id=batch.id or 0, plan_key=name, kind="build", recipe=name, name=name, subdir="linux-64", pool="linux-64",
        state=(JobState.READY if ready else JobState.WAITING).value, wave=0, order=order, created_at=farm.now(),
        ready_at=farm.now() if ready else None,
    )  # fmt: skip


def given(farm: Farm, turns: int = 1) -> str:
    """The names of the jobs that are given to workers next."""
    names = ""
    for _ in range(turns):
        claim = leases.claim(farm, asking())
        assert claim is not None
        with farm.reading() as session:
            names += jobs.find_job(session, claim.spec.job).name
    return names


def work(farm: Farm, turns: int, seconds: float) -> None:
    for _ in range(turns):
        claim = leases.claim(farm, asking())
        assert claim is not None
        farm.now.forward(seconds)  # type: ignore[attr-defined]
        results.report(farm, claim.attempt, claim.token, Report(lease=claim.lease, outcome=Outcome.PASSED))


def share(farm: Farm, batch: str) -> tuple[str, int, int]:
    with farm.reading() as session:
        found: dict[str, Any] = batches.find_batch(session, batch).share
        return found["priority"], found["crowd"], found["load"]


def test_two_people_are_given_work_in_turns_whoever_came_first(farm: Farm) -> None:
    opened(farm, "abcdef", "eva")
    opened(farm, "uvwxyz", "ana")
    given(farm)
    assert sorted(given(farm, 6)) == list("bcduvw")


def test_who_comes_later_starts_where_the_queue_stands(farm: Farm) -> None:
    opened(farm, "abcdef", "eva")
    assert given(farm, 3) == "abc"
    opened(farm, "uvwxyz", "ana")
    assert given(farm) == "d"
    assert sorted(given(farm, 4)) == ["e", "f", "u", "v"]


def test_an_emergency_is_given_the_next_worker(farm: Farm) -> None:
    opened(farm, "ab", "eva")
    opened(farm, "cd", "ana", Priority.HIGH)
    opened(farm, "xy", "kim", Priority.EMERGENCY)
    assert given(farm, 2) == "xy"


def test_the_background_yields_to_all_and_goes_where_nothing_else_could(farm: Farm) -> None:
    opened(farm, "ab", "eva", Priority.BACKGROUND)
    opened(farm, "xy", "ana", Priority.LOW)
    assert given(farm, 4) == "xyab"


def test_a_bump_is_in_force_at_once_and_kept_with_who_and_why(farm: Farm) -> None:
    opened(farm, "abcd", "eva")
    behind = opened(farm, "wxyz", "ana", Priority.BACKGROUND)
    assert given(farm) == "a"
    sharing.bump(farm, behind, Priority.EMERGENCY, who="kim", why="openssl")
    assert given(farm, 4) == "wxyz"
    view = answers.batch_view(farm, behind)
    assert view.priority == "emergency"
    assert [bump.sentence for bump in view.bumps] == ["From background to emergency by kim: openssl"]
    with farm.reading() as session:
        (told,) = [event.data for event in events.events_after(session, 0) if event.kind == "batch.bumped"]
    assert told == {"state": "running", "priority": "emergency", "before": "background", "who": "kim", "why": "openssl"}


def test_a_batch_can_be_put_back(farm: Farm) -> None:
    first = opened(farm, "ab", "eva")
    opened(farm, "xy", "ana")
    sharing.bump(farm, first, Priority.BACKGROUND, who="eva", why="no haste")
    assert given(farm, 4) == "xyab"


def test_what_has_ended_is_not_bumped(farm: Farm) -> None:
    batch = opened(farm, "a")
    requests.cancel(farm, batch, who="eva")
    with pytest.raises(IllegalMoveError):
        sharing.bump(farm, batch, Priority.HIGH, who="eva", why="")


def test_a_batch_that_was_held_begins_when_it_is_released(farm: Farm) -> None:
    opened(farm, "abcdef", "eva")
    held = opened(farm, "uvwxyz", "ana", state="held")
    assert given(farm, 4) == "abcd"
    requests.release(farm, held, who="kim")
    assert sorted(given(farm, 2)) == ["e", "u"]


def test_a_second_batch_of_a_person_halves_the_first_and_its_end_gives_it_back(farm: Farm) -> None:
    first, second = opened(farm, "abc", "eva"), opened(farm, "xyz", "eva")
    assert (share(farm, first)[1], share(farm, second)[1]) == (1, 2)
    sharing.share_out(farm)
    assert (share(farm, first)[1], share(farm, second)[1]) == (2, 2)
    requests.cancel(farm, second, who="eva")
    sharing.share_out(farm)
    assert share(farm, first)[1] == 1


def test_to_share_out_again_changes_nothing(farm: Farm) -> None:
    opened(farm, "abc", "eva")
    opened(farm, "xyz", "eva")
    sharing.share_out(farm)
    before = ranks(farm)
    sharing.share_out(farm)
    assert ranks(farm) == before


def ranks(farm: Farm) -> list[int]:
    with farm.reading() as session:
        return [row.rank for number in (1, 2) for row in jobs.jobs_of_batch(session, number)]


def test_who_had_much_of_late_is_given_less_until_that_fades(farm: Farm) -> None:
    hers = opened(farm, "abcdefgh", "eva")
    work(farm, 4, 3600.0)
    his = opened(farm, "uvwxyz", "ana")
    sharing.share_out(farm)
    assert (share(farm, hers), share(farm, his)) == (("normal", 1, 2), ("normal", 1, 1))
    farm.now.forward(24 * 3600.0)  # type: ignore[attr-defined]
    sharing.share_out(farm)
    assert share(farm, hers) == ("normal", 1, 1)


def test_background_work_that_waited_for_a_week_has_a_share(farm: Farm) -> None:
    batch = opened(farm, "ab", "eva", Priority.BACKGROUND)
    farm.now.forward(7 * 24 * 3600.0)  # type: ignore[attr-defined]
    opened(farm, "xy", "ana", Priority.NORMAL)
    sharing.share_out(farm)
    assert share(farm, batch)[0] == "low"
    assert answers.batch_view(farm, batch).priority == "background", "what a person said of it stands"


def test_a_batch_from_before_there_were_shares_is_ranked_by_the_loop(farm: Farm) -> None:
    batch = opened(farm, "ab", "eva")
    with farm.transaction() as session:
        row = batches.find_batch(session, batch)
        row.share = {}
        for job in jobs.jobs_of_batch(session, row.id or 0):
            job.rank = -job.height
    sharing.share_out(farm)
    assert share(farm, batch) == ("normal", 1, 1)
    assert min(ranks_of(farm, batch)) > 0


def ranks_of(farm: Farm, batch: str) -> list[int]:
    with farm.reading() as session:
        return [row.rank for row in jobs.jobs_of_batch(session, batches.number_of(batch))]


def test_the_queue_says_why_each_stands_where_it_stands(farm: Farm) -> None:
    opened(farm, "a", "eva")
    opened(farm, "x", "ana", Priority.EMERGENCY)
    first, second = job_answers.queue(farm, 10)
    assert (first.name, first.order.lane) == ("x", "emergency")
    assert (second.name, second.order.share) == ("a", 1.0)
    assert second.order.line == "normal; 10 m below it; a whole share; since 12:00"
    view = job_answers.job_view(farm, second.id)
    assert view.order == second.order


def test_a_push_has_the_priority_that_it_is_given_and_its_jobs_the_critical_path(farm: Farm, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_recipe(tree, "apart")
    write_recipe(tree, "lib")
    write_recipe(tree, "user", host=("lib",))
    commit(tree, "three begin")
    batch = intake.push(farm, str(tree), None, who="ana", priority=Priority.HIGH).batch
    assert answers.batch_view(farm, batch).priority == "high"
    assert given(farm, 2) == "libapart"
    with farm.reading() as session:
        rows = jobs.jobs_of_batch(session, 1)
        by_rank = sorted(rows, key=lambda row: row.rank)
        assert [row.height for row in by_rank] == sorted((row.height for row in rows), reverse=True)
        assert forecast.of_batch(farm, session, 1).critical[0].name == "lib"
