"""The doing-nothing alarm on a real database: it begins once, stands, changes its cause, and ends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from controller.domain.needs import Needs
from controller.domain.pauses import PauseKind
from controller.services import idling, leading, leases, pausing, workers
from controller.services.answers.idling import idle_list
from controller.services.farm import Farm
from controller.storage import events, jobs, needs
from tests.controller.services.test_leading import ClockedDatabase
from tests.kit.farms import make_farm
from tests.kit.rows import MACHINE, asking, draw_batch
from workers.contract.leases import WorkerState


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    farm.database.close()
    farm.database = ClockedDatabase(database_url)
    yield farm
    farm.close()


def forward(farm: Farm, seconds: float) -> None:
    farm.now.forward(seconds)  # type: ignore[attr-defined]
    farm.database.forward(seconds)  # type: ignore[attr-defined]


def told(farm: Farm) -> list[tuple[str, str]]:
    idling.watch_idleness(farm)
    return [(alarm.pool, alarm.cause) for alarm in idle_list(farm)]


def kinds(farm: Farm) -> list[str]:
    with farm.reading() as session:
        return [event.kind for event in events.events_after(session, 0) if event.kind.startswith("pool.")]


def wait(farm: Farm, names: tuple[str, ...] = ("one", "two")) -> None:
    """Ready jobs that nobody takes for a quarter of an hour."""
    draw_batch(farm, dict.fromkeys(names, ()))
    forward(farm, 900)


def test_a_pool_that_no_worker_serves_is_told_once_with_what_to_do(farm: Farm) -> None:
    wait(farm)
    assert told(farm) == [("linux-64", "no worker")]
    forward(farm, 60)
    assert told(farm) == [("linux-64", "no worker")]
    assert kinds(farm) == ["pool.idle"]
    alarm = idle_list(farm)[0]
    assert alarm.sentence == "Nothing starts in linux-64: 2 jobs are ready, and no worker serves the pool."
    assert "farm worker run --pool linux-64" in alarm.remedy


def test_it_ends_when_a_worker_takes_a_job(farm: Farm) -> None:
    wait(farm)
    told(farm)
    forward(farm, 60)
    assert leases.claim(farm, asking()) is not None
    assert told(farm) == []
    assert kinds(farm) == ["pool.idle", "pool.goes_on"]


def test_workers_that_are_all_lost_are_told_as_lost(farm: Farm) -> None:
    wait(farm)
    leases.claim(farm, asking())
    leases.lose(farm, "J-1.1", "gone")
    forward(farm, 900)
    workers.mark_silent(farm)
    assert told(farm) == [("linux-64", "workers lost")]


def test_a_cause_that_gives_way_to_another_one_is_told_anew(farm: Farm) -> None:
    wait(farm)
    say_idle(farm)
    farm.bells.broken = True  # type: ignore[attr-defined]
    assert told(farm) == [("linux-64", "broker away")]
    farm.bells.broken = False  # type: ignore[attr-defined]
    forward(farm, 60)
    say_idle(farm)
    assert told(farm) == [("linux-64", "not taken")]
    assert kinds(farm) == ["pool.idle", "pool.idle"]


def test_clocks_that_differ_are_told(farm: Farm) -> None:
    wait(farm)
    say_idle(farm)
    farm.database.forward(120)  # type: ignore[attr-defined]
    assert told(farm) == [("linux-64", "clocks differ")]


def test_nothing_is_told_where_it_is_switched_off(farm: Farm) -> None:
    farm.rules = replace(farm.rules, idle_seconds=0.0)
    wait(farm)
    assert told(farm) == []


@pytest.mark.parametrize(("kind", "names"), [(PauseKind.POOL, ("linux-64",)), (PauseKind.RECIPE, ("one", "two"))])
def test_what_a_person_paused_is_not_told(farm: Farm, kind: PauseKind, names: tuple[str, ...]) -> None:
    wait(farm)
    for name in names:
        pausing.pause(farm, kind, name, who="ana")
    assert told(farm) == []


def test_idle_workers_that_do_not_offer_what_is_asked_for_are_told(farm: Farm) -> None:
    (number,) = draw_batch(farm, {"one": ()}).values()
    with farm.transaction() as session:
        jobs.job_by_number(session, number).needs_id = needs.number_of(session, Needs(labels=("gpu",)))
    forward(farm, 900)
    say_idle(farm)
    assert told(farm) == [("linux-64", "workers do not fit")]


def test_a_farm_without_a_loop_is_told_of_that_alone(farm: Farm) -> None:
    wait(farm)
    epoch = leading.seek(farm)
    told(farm)
    leading.give_up(farm, epoch or 0)
    forward(farm, 601)
    assert [(alarm.pool, alarm.cause) for alarm in idle_list(farm)] == [("", "no leader")]


def test_a_leader_that_lives_and_looks_at_nothing_stands_still(farm: Farm) -> None:
    wait(farm)
    epoch = leading.seek(farm) or 0
    began = farm.database.at  # type: ignore[attr-defined]
    for _ in range(70):
        forward(farm, 10)
        leading.keep(farm, epoch, began)
    assert [alarm.cause for alarm in idle_list(farm)] == ["loop stands still"]
    leading.keep(farm, epoch, began + timedelta(seconds=700))
    assert [alarm.cause for alarm in idle_list(farm)] == []


def say_idle(farm: Farm) -> None:
    workers.note_state(farm, WorkerState(worker="w1", pools=("linux-64",), machine=MACHINE, state="idle"))
