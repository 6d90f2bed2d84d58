"""Leading the loop: what a leader that was paused too long wrote is never there."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from controller.services import leading, reconcile
from controller.services.farm import Farm
from controller.storage import events
from controller.storage.database import Database, Session
from tests.kit.farms import START, ToldDatabase, make_farm


class ClockedDatabase(ToldDatabase):
    """A database whose clock is set by the test."""

    at = START

    def told(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    farm.database.close()
    farm.database = ClockedDatabase(database_url)
    yield farm
    farm.close()


def forward(farm: Farm, seconds: float) -> None:
    farm.database.forward(seconds)  # type: ignore[attr-defined]


def lead(farm: Farm, process: str = "a:1") -> tuple[Farm, int]:
    farm = replace(farm, process=process)
    epoch = leading.seek(farm)
    assert epoch is not None
    return leading.led(farm, epoch), epoch


def write(farm: Farm, kind: str) -> None:
    with farm.transaction() as session:
        events.note(session, farm.now(), kind)


def kinds(farm: Farm) -> list[str]:
    with farm.reading() as session:
        return [event.kind for event in events.events_after(session, 0)]


def test_one_leads_and_the_others_stand_by_until_its_lease_ends(farm: Farm) -> None:
    _, epoch = lead(farm)
    assert leading.seek(farm) is None
    forward(farm, 20)
    assert leading.seek(farm) == epoch + 1
    assert kinds(farm) == ["loop.led", "loop.led"]


def test_a_leader_that_renews_its_lease_goes_on_under_its_epoch(farm: Farm) -> None:
    led, epoch = lead(farm)
    for _ in range(5):
        forward(farm, 10)
        leading.keep(farm, epoch, farm.database.at)  # type: ignore[attr-defined]
    write(led, "x")
    assert kinds(farm) == ["loop.led", "x"]


def test_what_a_paused_leader_had_begun_is_refused_once_another_one_leads(farm: Farm) -> None:
    if farm.database.is_sqlite:
        pytest.skip("there nobody takes over while a transaction is open")
    led, _ = lead(farm)
    with pytest.raises(leading.DeposedError), led.transaction() as session:
        _be_paused_in(farm, session)
    assert kinds(farm) == ["loop.led", "loop.led", "new"]


def _be_paused_in(farm: Farm, session: Session) -> None:
    events.note(session, farm.now(), "old")
    forward(farm, 20)
    new, _ = lead(farm, "b:2")
    write(new, "new")


def test_it_is_refused_when_the_lease_ran_out_though_nobody_took_over(farm: Farm) -> None:
    led, epoch = lead(farm)
    forward(farm, 20)
    with pytest.raises(leading.DeposedError):
        write(led, "old")
    with pytest.raises(leading.DeposedError):
        leading.check(farm, epoch)
    with pytest.raises(leading.DeposedError):
        leading.keep(farm, epoch, START)
    assert kinds(farm) == ["loop.led"]


def test_requests_of_people_and_workers_need_no_lead(farm: Farm) -> None:
    lead(farm)
    forward(farm, 20)
    write(farm, "a person asks")
    assert kinds(farm) == ["loop.led", "a person asks"]


def test_what_is_given_up_is_taken_at_once_and_only_by_its_own_epoch(farm: Farm) -> None:
    _, old = lead(farm)
    leading.give_up(farm, old)
    led, new = lead(farm, "b:2")
    leading.give_up(farm, old)
    write(led, "x")
    assert new == old + 1


def test_a_tick_ends_as_soon_as_the_lead_is_lost(farm: Farm) -> None:
    led, _ = lead(farm)
    forward(farm, 20)
    after: list[str] = []
    steps = (("write", lambda it: write(it, "old")), ("go on", lambda _: after.append("it did")))
    with pytest.raises(leading.DeposedError):
        list(reconcile.tick(led, steps))
    assert after == []


def test_a_paused_transaction_is_ended_by_the_server(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    if farm.database.is_sqlite:
        pytest.skip("there is no server")
    monkeypatch.setattr(leading, "_PAUSED_SECONDS", 0.2)
    led, _ = lead(farm)
    with pytest.raises(DBAPIError, match="idle"), led.transaction() as session:
        _rest(farm, session)


def _rest(farm: Farm, session: Session) -> None:
    for seconds in (0.5, 2, 10):
        time.sleep(seconds)  # this is how a paused process looks from the server
        Database.clock(farm.database, session)
