"""Leases: one holder, one effect, whatever dies."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from controller.domain.errors import InvalidInputError, NotPermittedError, StaleLeaseError
from controller.services import leases, reconcile, results, transfers, workers
from controller.services.farm import Farm
from controller.storage import batches
from controller.storage import jobs as stored
from controller.storage.database import Database
from tests.kit.farms import make_farm
from tests.kit.rows import MACHINE, asking, draw_batch, states
from workers.contract.leases import Claim, ClaimRequest, Heartbeat, WorkerState
from workers.contract.reports import Outcome, Report


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def claimed(farm: Farm, worker: str = "w1") -> Claim:
    claim = leases.claim(farm, asking(worker))
    assert claim is not None
    return claim


def say(farm: Farm, claim: Claim, outcome: Outcome) -> bool:
    report = Report(lease=claim.lease, outcome=outcome, message="as the test says")
    return results.report(farm, claim.attempt, claim.token, report).accepted


def test_a_claim_gives_a_numbered_lease_and_the_next_claim_nothing(farm: Farm) -> None:
    jobs = draw_batch(farm, {"one": []})
    claim = claimed(farm)
    assert (claim.attempt, claim.lease) == (f"J-{jobs['one']}.1", 1)
    assert leases.claim(farm, asking("w2")) is None


def test_a_lapsed_lease_puts_the_job_back_and_the_late_worker_changes_nothing(farm: Farm) -> None:
    jobs = draw_batch(farm, {"one": []})
    late = claimed(farm)
    farm.now.forward(61)
    reconcile.lose_lapsed(farm, farm.now())
    assert states(farm, jobs) == {"one": "ready"}
    second = claimed(farm, "w2")
    assert second.lease == 2
    with pytest.raises(StaleLeaseError):
        say(farm, late, Outcome.FAILED)
    assert states(farm, jobs) == {"one": "running"}
    assert leases.heartbeat(farm, late.attempt, late.token, Heartbeat(lease=1)).stop
    with pytest.raises(StaleLeaseError):
        transfers.append_log(farm, late.attempt, late.token, 0, b"I am late")
    assert not leases.heartbeat(farm, second.attempt, second.token, Heartbeat(lease=2)).stop


def test_a_heartbeat_keeps_a_lease_for_as_long_as_it_beats(farm: Farm) -> None:
    jobs = draw_batch(farm, {"one": []})
    claim = claimed(farm)
    for _ in range(5):
        farm.now.forward(40)
        assert not leases.heartbeat(farm, claim.attempt, claim.token, Heartbeat(lease=1, phase="build")).stop
        reconcile.lose_lapsed(farm, farm.now())
    assert states(farm, jobs) == {"one": "running"}


def test_a_job_that_kills_its_workers_is_quarantined_and_blocks_what_waits(farm: Farm) -> None:
    jobs = draw_batch(farm, {"killer": [], "child": ["killer"], "grandchild": ["child"]})
    for number in range(farm.rules.max_attempts):
        claimed(farm, f"w{number}")
        farm.now.forward(61)
        reconcile.lose_lapsed(farm, farm.now())
    assert states(farm, jobs) == {"killer": "quarantined", "child": "blocked", "grandchild": "blocked"}


def test_a_workers_own_fault_is_no_fault_of_the_job(farm: Farm) -> None:
    jobs = draw_batch(farm, {"one": []})
    say(farm, claimed(farm), Outcome.INFRASTRUCTURE)
    assert states(farm, jobs) == {"one": "ready"}


def test_a_broken_job_blocks_all_that_waits_for_it_and_nothing_else(farm: Farm) -> None:
    jobs = draw_batch(farm, {"broken": [], "waits": ["broken"], "waits on that": ["waits"], "apart": []})
    say(farm, claimed(farm), Outcome.FAILED)
    assert states(farm, jobs) == {"broken": "failed", "waits": "blocked", "waits on that": "blocked", "apart": "ready"}


def test_the_same_report_twice_has_one_effect_and_one_answer(farm: Farm) -> None:
    jobs = draw_batch(farm, {"one": []})
    claim = claimed(farm)
    assert say(farm, claim, Outcome.UNSOLVABLE)
    assert say(farm, claim, Outcome.UNSOLVABLE)
    assert states(farm, jobs) == {"one": "unsolvable"}


def test_another_attempts_token_opens_nothing(farm: Farm) -> None:
    draw_batch(farm, {"one": [], "two": []})
    mine, other = claimed(farm), claimed(farm, "w2")
    with pytest.raises(NotPermittedError):
        results.report(farm, mine.attempt, other.token, Report(lease=1, outcome=Outcome.FAILED))


def test_a_build_that_delivers_nothing_is_refused_though_it_says_passed(farm: Farm) -> None:
    jobs = draw_batch(farm, {"one": []})
    from controller.domain.recipes import Output
    from controller.storage.jobs import JobRow
    from controller.storage.tables import to_json

    output = Output("one", "one", "1.0", "h0_0", 0, "h0", "linux-64", "linux-64")
    with farm.transaction() as session:
        session.get(JobRow, jobs["one"]).outputs = [to_json(Output, output)]
    say(farm, claimed(farm), Outcome.PASSED)
    assert states(farm, jobs) == {"one": "failed"}


@pytest.mark.parametrize("seconds", [45, 3600])
def test_the_farms_own_absence_costs_no_worker_its_lease(farm: Farm, seconds: float) -> None:
    jobs = draw_batch(farm, {"one": []})
    list(reconcile.tick(farm, reconcile.STEPS))
    claim = claimed(farm)
    farm.now.forward(30)
    list(reconcile.tick(farm, reconcile.STEPS))
    farm.now.forward(seconds)  # it was paused, the database was away, or somebody set the clock
    list(reconcile.tick(farm, reconcile.STEPS))
    farm.now.forward(20)
    list(reconcile.tick(farm, reconcile.STEPS))
    assert states(farm, jobs) == {"one": "running"}
    assert not leases.heartbeat(farm, claim.attempt, claim.token, Heartbeat(lease=1)).stop


def test_a_worker_that_stays_silent_after_the_farms_absence_loses_its_lease(farm: Farm) -> None:
    jobs = draw_batch(farm, {"one": []})
    claimed(farm)
    for _ in range(3):
        farm.now.forward(61)
        list(reconcile.tick(farm, reconcile.STEPS))
    assert states(farm, jobs) == {"one": "ready"}


def test_a_worker_that_hangs_while_its_heart_beats_loses_the_job_at_twice_its_limit(farm: Farm) -> None:
    jobs = draw_batch(farm, {"one": []})
    claim = claimed(farm)
    for _ in range(2):
        farm.now.forward(farm.rules.build.total_seconds)
        assert not leases.heartbeat(farm, claim.attempt, claim.token, Heartbeat(lease=1)).stop
        list(reconcile.tick(farm, reconcile.STEPS))
    assert states(farm, jobs) == {"one": "running"}
    farm.now.forward(1)
    list(reconcile.tick(farm, reconcile.STEPS))
    assert states(farm, jobs) == {"one": "ready"}
    assert leases.heartbeat(farm, claim.attempt, claim.token, Heartbeat(lease=1)).stop


def test_whoever_may_give_a_job_up_waits_for_whoever_changes_its_batch(farm: Farm, database_url: str) -> None:
    """Else a retry beside it can bring back what the given-up job holds back for ever."""
    if farm.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    drawn = draw_batch(farm, {"one": []})
    claim = claimed(farm)
    url = make_url(database_url)
    impatient = Database(
        url.update_query_dict({"options": f"{url.query['options']} -clock_timeout=100ms"}).render_as_string(
            hide_password=False
        )
    )
    patient, farm.database = farm.database, impatient
    with patient.writing() as session:
        batches.lock_batch(session, 1)
        with pytest.raises(OperationalError, match="lock timeout"):
            leases.lose(farm, claim.attempt, "the worker went silent")
    leases.lose(farm, claim.attempt, "the worker went silent")
    assert states(farm, drawn) == {"one": "ready"}
    impatient.close()
    farm.database = patient


def test_bells_are_topped_up_to_the_ready_jobs_and_a_broken_broker_stops_nothing(farm: Farm) -> None:
    draw_batch(farm, {"one": [], "two": [], "three": []})
    reconcile.ring_bells(farm)
    assert farm.bells.waiting["linux-64"] == 3
    farm.bells.hear("linux-64")
    reconcile.ring_bells(farm)
    assert farm.bells.waiting["linux-64"] == 3
    farm.bells.broken = True
    reconcile.ring_bells(farm)


def test_a_silent_worker_is_shown_as_lost_and_is_back_when_it_speaks(farm: Farm) -> None:
    said = WorkerState(worker="w1", pools=("linux-64",), machine=MACHINE, state="idle")
    workers.note_state(farm, said)
    farm.now.forward(3 * farm.rules.lease_seconds + 1)
    assert workers.mark_silent(farm) == 1
    assert workers.mark_silent(farm) == 0
    workers.note_state(farm, said)
    farm.now.forward(1)
    assert workers.mark_silent(farm) == 0


@pytest.mark.parametrize(("pools", "protocol"), [((), 1), (("not a pool",), 1), (("linux-64",), 99)])
def test_a_worker_that_cannot_be_served_is_told_why(farm: Farm, pools: tuple[str, ...], protocol: int) -> None:
    request = ClaimRequest(worker="w1", pools=pools, machine=MACHINE, protocol=protocol)
    with pytest.raises(InvalidInputError) as refused:
        leases.claim(farm, request)
    assert refused.value.remedy


def test_a_lease_renewed_after_somebody_looked_is_not_lost(farm: Farm) -> None:
    """As where the controller was stopped between looking and taking it back."""
    draw_batch(farm, {"one": ()})
    claim = leases.claim(farm, asking("w1"))
    assert claim is not None
    looked = farm.now()
    leases.lose(farm, claim.attempt, "the worker went silent", lapsed_by=looked)
    reconcile.lose_lapsed(farm, looked)
    with farm.reading() as session:
        assert stored.find_attempt(session, claim.attempt).state == "leased"


def test_a_try_whose_job_was_taken_away_ends_and_stops_no_other(farm: Farm) -> None:
    numbers = draw_batch(farm, {"one": (), "two": ()})
    first, second = claimed(farm, "w1"), claimed(farm, "w2")
    with farm.transaction() as session:
        stored.job_by_number(session, numbers["one"]).state = "cancelled"
    farm.now.forward(61)
    reconcile.lose_lapsed(farm, farm.now())
    assert states(farm, numbers) == {"one": "cancelled", "two": "ready"}
    with farm.reading() as session:
        assert [stored.find_attempt(session, c.attempt).state for c in (first, second)] == ["stopped", "lost"]


def two_controllers(farm: Farm, ahead: float) -> tuple[Farm, Farm]:
    """Two whose clocks differ by so many seconds; the database's is that of the first."""
    return farm, replace(farm, now=lambda: farm.now() + timedelta(seconds=ahead), looked=None)


def held(farm: Farm, claim: Claim) -> str:
    with farm.reading() as session:
        return stored.find_attempt(session, claim.attempt).state


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_two_controllers_whose_clocks_are_an_hour_apart_lose_no_lease(farm: Farm, ahead: float) -> None:
    draw_batch(farm, {"one": (), "two": ()})
    right, wrong = two_controllers(farm, ahead)
    mine, other = leases.claim(right, asking("w1")), leases.claim(wrong, asking("w2"))
    assert mine is not None
    assert other is not None
    for turn in range(12):
        farm.now.forward(20)  # type: ignore[attr-defined]
        for claim, beats in ((mine, right), (other, wrong)) if turn % 2 else ((mine, wrong), (other, right)):
            assert not leases.heartbeat(beats, claim.attempt, claim.token, Heartbeat(lease=1)).stop
        for controller in (right, wrong):
            reconcile.look_at_leases(controller)
            reconcile.lose_overdue(controller)
            assert workers.mark_silent(controller) == 0
    assert (held(farm, mine), held(farm, other)) == ("leased", "leased")


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_whatever_a_controllers_clock_shows_a_silent_worker_loses_its_lease_in_time(farm: Farm, ahead: float) -> None:
    draw_batch(farm, {"one": ()})
    _, wrong = two_controllers(farm, ahead)
    claim = leases.claim(wrong, asking("w1"))
    assert claim is not None
    reconcile.look_at_leases(wrong)
    for _ in range(4):
        farm.now.forward(15)  # type: ignore[attr-defined]
        reconcile.look_at_leases(wrong)
        assert held(farm, claim) == "leased"
    farm.now.forward(1)  # type: ignore[attr-defined]
    reconcile.look_at_leases(wrong)
    assert held(farm, claim) == "lost"


def test_a_database_whose_clock_is_set_back_keeps_no_dead_workers_lease_for_as_long(farm: Farm) -> None:
    draw_batch(farm, {"one": ()})
    claim = claimed(farm)
    reconcile.look_at_leases(farm)
    farm.now.forward(-7200)  # type: ignore[attr-defined]
    reconcile.look_at_leases(farm)
    for _ in range(4):
        farm.now.forward(16)  # type: ignore[attr-defined]
        reconcile.look_at_leases(farm)
    assert held(farm, claim) == "lost"


def test_on_a_real_clock_a_lease_lasts_as_long_as_it_says(farm: Farm) -> None:
    draw_batch(farm, {"one": ()})
    farm.database.told = None  # type: ignore[attr-defined]
    claim = claimed(farm)
    with farm.reading() as session:
        row, now = stored.find_attempt(session, claim.attempt), farm.database.clock(session)
    assert row.lease_until - row.leased_at == pytest.approx(timedelta(seconds=60), abs=timedelta(seconds=1))
    assert timedelta() <= now - row.leased_at < timedelta(minutes=5)
    assert not leases.heartbeat(farm, claim.attempt, claim.token, Heartbeat(lease=1, phase="build")).stop
    with farm.reading() as session:
        assert stored.find_attempt(session, claim.attempt).lease_until > row.lease_until


def test_a_pause_and_a_set_clock_within_one_turn_of_the_loop_lose_nothing(farm: Farm) -> None:
    draw_batch(farm, {"one": ()})
    skew = [0.0]
    loop = replace(farm, now=lambda: farm.now() + timedelta(seconds=skew[0]), looked=None)
    reconcile.look_at_leases(loop)
    farm.now.forward(70)  # type: ignore[attr-defined]
    reconcile.look_at_leases(loop)  # it was paused, and forgives
    farm.now.forward(10)  # type: ignore[attr-defined]
    claim = leases.claim(loop, asking("w1"))
    assert claim is not None
    skew[0] = 90.0
    reconcile.look_at_leases(loop)
    assert held(farm, claim) == "leased"
