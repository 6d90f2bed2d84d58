"""A worker that loses whatever it is given gets no more, until a person says that it is mended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.errors import NotFoundError
from controller.services import draining
from controller.services.answers.workers import worker_list
from controller.services.farm import Farm
from tests.controller.services.test_failing import ask, fail, taken
from tests.kit.farms import make_farm
from tests.kit.rows import draw_batch
from workers.contract.reports import Outcome

SIX = dict.fromkeys(("one", "two", "three", "four", "five", "six"), ())


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    draw_batch(farm, SIX)
    yield farm
    farm.close()


def lose(farm: Farm, worker: str, times: int) -> None:
    for _ in range(times):
        fail(farm, taken(farm, worker), Outcome.INFRASTRUCTURE)


def drained(farm: Farm) -> dict[str, tuple[str, str]]:
    return {row.name: (row.state, row.drained) for row in worker_list(farm) if row.drained}


def test_three_different_jobs_in_a_row_are_enough(farm: Farm) -> None:
    taken(farm, "good")
    lose(farm, "bad", 3)
    assert drained(farm) == {"bad": ("draining", "it lost 3 different jobs in a row: J-2, J-3, J-4")}
    assert ask(farm, "bad") is None
    assert ask(farm, "good") is not None


def test_a_job_that_it_brings_to_an_end_speaks_for_it(farm: Farm) -> None:
    taken(farm, "good")
    lose(farm, "bad", 2)
    fail(farm, taken(farm, "bad"), line="a.c: error: no")
    lose(farm, "bad", 1)
    assert drained(farm) == {}


def test_the_last_worker_of_a_pool_is_never_drained(farm: Farm) -> None:
    lose(farm, "bad", 3)
    assert drained(farm) == {}
    assert ask(farm, "bad") is not None


def test_a_full_disk_counts_though_the_build_says_that_it_failed(farm: Farm) -> None:
    taken(farm, "good")
    for _ in range(3):
        fail(farm, taken(farm, "bad"), line="cc1: No space left on device")
    assert "bad" in drained(farm)


def test_a_person_gives_it_work_again(farm: Farm) -> None:
    taken(farm, "good")
    lose(farm, "bad", 3)
    draining.resume(farm, "bad", who="ana", why="new disk")
    assert drained(farm) == {}
    assert ask(farm, "bad") is not None


def test_who_is_not_known_cannot_be_resumed(farm: Farm) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        draining.resume(farm, "nobody", who="ana")
