"""The read models on both databases: what they say of a farm in the middle of its day."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.errors import InvalidInputError, NotFoundError
from controller.services.answers import batches, channels, events, farm, figures, jobs, logs, workers
from controller.services.farm import Farm
from controller.storage import lines
from tests.kit.farms import make_farm
from tests.kit.filled_farm import Filled, fill
from tests.kit.rows import draw_batch


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Farm, Filled]]:
    """A filled farm that no test may change."""
    made = make_farm(tmp_path_factory.mktemp("place"))
    yield made, fill(made, made.now.forward)  # type: ignore[attr-defined]
    made.close()


def test_all_answers_of_one_moment_agree_on_both_databases(tmp_path: Path, database_url: str) -> None:
    at = make_farm(tmp_path, database_url)
    filled = fill(at, at.now.forward)  # type: ignore[attr-defined]
    view = batches.batch_view(at, filled.batch)
    glance = farm.farm_view(at)
    assert glance.counts == view.counts == batches.batch_summary(at, filled.batch).counts
    assert glance.latest_event == events.newest(at)
    assert {job.id for job in view.jobs} == set(filled.jobs.values())
    assert [job.id for job in jobs.queue(at, 50)] == [job.id for job in view.jobs if job.state == "ready"]
    busy = {worker.job for worker in workers.worker_list(at) if worker.job}
    assert busy == {job.id for job in view.jobs if job.state == "running"}
    assert all(job.worker for job in view.jobs if job.state == "running")
    found = figures.figures(at)
    assert sum(found.jobs.values()) == view.counts.total
    assert found.snapshots == {("stable",): 1, ("testing",): 2}
    one = jobs.job_view(at, filled.jobs["build pytorch linux-64"])
    listed = next(job for job in view.jobs if job.id == one.id)
    assert (one.sentence, one.failing_line, one.reason) == (listed.sentence, listed.failing_line, listed.reason)
    at.close()


def test_reasons_only_where_they_are_asked_for_change_nothing_else(place: tuple[Farm, Filled]) -> None:
    at, filled = place
    whole, light = batches.batch_view(at, filled.batch), batches.batch_view(at, filled.batch, ("failed", "unsolvable"))
    assert [job.model_copy(update={"reason": None}) for job in whole.jobs] == [
        job.model_copy(update={"reason": None}) for job in light.jobs
    ]
    assert all(bool(job.reason) == (job.category == "broken") for job in light.jobs)


def test_lines_are_found_by_id_around_a_job_and_by_what_broke_last(place: tuple[Farm, Filled]) -> None:
    at, filled = place
    number = int(filled.jobs["build numpy linux-64"][2:])
    with at.reading() as session:
        before, behind = lines.around(session, number)
        assert [job.name for job in before] == ["mkl-devel"]
        assert {(job.kind, job.name) for job in behind} == {("test", "numpy")}
        assert [job.id for job in lines.by_ids(session, [number])] == [number]
        broken = lines.broken_last(session, ("failed",), 10)
        assert [job.ended_at for job in broken] == sorted((job.ended_at for job in broken), reverse=True)
        assert lines.last_workers(session, [number])[number].startswith("lin-")


def test_a_channel_that_will_be_is_empty_and_one_that_never_was_is_not_found(place: tuple[Farm, Filled]) -> None:
    at, filled = place
    assert channels.channel_view(at, f"staging/{filled.settled}").snapshot == 0
    assert channels.snapshot_list(at, f"staging/{filled.settled}") == []
    assert [file.name for file in channels.contents(at, "testing", 1)] == ["libpng", "zlib"]
    for name in ("nobody", "staging/B-99", "staging/x"):
        with pytest.raises(NotFoundError):
            channels.channel_view(at, name)


def test_a_log_is_read_by_lines_of_the_attempt_that_is_named_or_the_newest(place: tuple[Farm, Filled]) -> None:
    at, filled = place
    job = filled.jobs["build mkl linux-64"]
    found = logs.log_lines(at, job, None, 1, 2)
    assert (found.attempt, found.lines, found.ended) == (f"{job}.1", ("[farm] phase solve", "solved in 3.4 s"), True)
    assert b"".join(logs.raw_log(at, job, 1)).count(b"\n") == found.total
    assert not logs.log_lines(at, filled.held.spec.job, None, 1, 9).ended if filled.held else False
    with pytest.raises(NotFoundError):
        logs.log_lines(at, job, 9, 1, 1)
    with pytest.raises(NotFoundError):
        logs.log_lines(at, filled.jobs["test pytorch linux-64"], None, 1, 1)
    for first, count in ((0, 1), (1, 0), (1, 10**6)):
        with pytest.raises(InvalidInputError):
            logs.log_lines(at, job, None, first, count)


def test_a_pool_that_nobody_serves_is_a_visible_wait(tmp_path: Path) -> None:
    at = make_farm(tmp_path)
    numbers = draw_batch(at, {"lonely": []})
    (sentence,) = jobs.job_view(at, f"J-{numbers['lonely']}").why_not
    assert "No worker serves the pool linux-64" in sentence
    (pool,) = workers.pool_list(at)
    assert (pool.name, pool.ready, pool.idle, pool.busy) == ("linux-64", 1, 0, 0)
    at.close()
