"""What happens around a job, however badly it goes."""

from pathlib import Path

import pytest

from tests.kit.fake_controller import Attempt, Request, RunningController
from workers.agent import process
from workers.agent.client import Controller, ControllerError
from workers.agent.runner import Runner
from workers.contract.leases import Claim, ClaimRequest
from workers.contract.reports import Outcome


def test_a_worker_without_a_place_to_work_gives_the_job_back(runner: Runner, claim: Claim, attempt: Attempt) -> None:
    runner._place.attempts.parent.mkdir(parents=True)
    runner._place.attempts.write_text("a file where a folder should be")
    assert runner.run(claim) is Outcome.INFRASTRUCTURE
    assert "no place to work" in attempt.report.message


def test_a_fault_of_the_worker_itself_gives_the_job_back(
    controller: RunningController, runner: Runner, claim: Claim, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(process, "run", broken)
    controller.store.joinpath("x").write_bytes(b"")
    order = claim.spec.order.model_copy(
        update={"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    )
    assert runner.run(claim.model_copy(update={"spec": claim.spec.model_copy(update={"order": order})})) is not None
    assert attempt.report.outcome is Outcome.INFRASTRUCTURE
    assert "a bug" in attempt.report.message
    assert not list(runner._place.attempts.iterdir())


def test_a_disk_that_is_nearly_full_empties_the_cache(runner: Runner, claim: Claim) -> None:
    place = runner._place
    place.cache.mkdir(parents=True)
    object.__setattr__(place, "least_free_bytes", 1 << 62)
    runner.run(claim)
    assert not place.cache.exists()


def test_a_disk_with_room_keeps_the_cache(runner: Runner, claim: Claim) -> None:
    runner._place.cache.mkdir(parents=True)
    runner.run(claim)
    assert runner._place.cache.exists()


def test_a_claim_of_a_newer_kind_is_not_understood_and_ends_nobody(
    controller: RunningController, door: Controller, asked: ClaimRequest
) -> None:
    controller._route = lambda _request: (200, {}, b'{"attempt": "J-1.1"}')  # type: ignore[method-assign]
    with pytest.raises(ControllerError, match="cannot be understood"):
        door.claim(asked)


def test_work_whose_lease_is_lost_while_it_is_fetched_is_dropped(
    controller: RunningController, runner: Runner, claim: Claim, attempt: Attempt
) -> None:
    def lose(request: Request) -> None:
        if request.path.startswith("/store/"):
            controller.revoke(claim.attempt)

    controller.fault = lose
    assert runner.run(claim) is None
    assert not attempt.reports


def test_nothing_is_left_on_the_disk(runner: Runner, claim: Claim, tmp_path: Path) -> None:
    runner.run(claim)
    assert not list(runner._place.attempts.iterdir())
