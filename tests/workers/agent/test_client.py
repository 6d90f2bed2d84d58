"""The contract over a real socket, with every fault that the other end may have."""

import hashlib
import threading
from pathlib import Path

import httpx2
import pytest

from tests.kit.fake_controller import Attempt, AwayError, Request, RunningController
from tests.workers.conftest import SPEC
from workers.agent import client
from workers.agent.client import (
    Controller,
    ControllerError,
    Holding,
    LeaseLostError,
    Patience,
    UploadRefusedError,
    WrongContentError,
)
from workers.contract.leases import Claim, ClaimRequest
from workers.contract.reports import Outcome, Report


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CHUNK", 1000)


def payload(path: Path, size: int = 5500) -> tuple[Path, str]:
    path.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def patches(controller: RunningController) -> int:
    return sum(method == "PATCH" for method, _ in controller.requests)


def fail_once_in(controller: RunningController, every: int, method: str, *, after: bool) -> None:
    """Close the connection on every ``every``-th request of a method, before or after it has had its effect."""
    route, seen = controller._route, [0]

    def faulty(request: Request) -> tuple[int, dict[str, str], bytes]:
        seen[0] += request.method == method
        hit = request.method == method and seen[0] % every == 0
        if hit and not after:
            raise AwayError
        answer = route(request)
        if hit:
            raise AwayError
        return answer

    controller._route = faulty  # type: ignore[method-assign]


def test_no_work_is_no_claim(door: Controller, asked: ClaimRequest) -> None:
    assert door.claim(asked) is None


def test_a_wrong_token_is_said_in_the_controllers_words(controller: RunningController, asked: ClaimRequest) -> None:
    door = Controller(controller.url, lambda: "wrong")
    with pytest.raises(ControllerError, match=r"needs the workers' token.*401"):
        door.claim(asked)
    door.close()


def test_a_claim_is_asked_once_even_if_its_answer_is_lost(
    controller: RunningController, door: Controller, asked: ClaimRequest
) -> None:
    controller.queue.append(SPEC)
    fail_once_in(controller, 1, "POST", after=True)
    with pytest.raises(httpx2.TransportError):
        door.claim(asked)
    assert len(controller.attempts) == 1


@pytest.mark.usefixtures("small_chunks")
def test_an_upload_goes_in_pieces(controller: RunningController, holding: Holding, tmp_path: Path) -> None:
    path, digest = payload(tmp_path / "p")
    holding.upload(path, digest)
    assert controller.blobs[digest] == path.read_bytes()
    assert patches(controller) == 6


@pytest.mark.usefixtures("small_chunks")
def test_an_upload_goes_on_where_an_earlier_one_was_cut(
    controller: RunningController, holding: Holding, tmp_path: Path
) -> None:
    path, digest = payload(tmp_path / "p")
    controller.partial[digest] = bytearray(path.read_bytes()[:4321])
    holding.upload(path, digest)
    assert controller.blobs[digest] == path.read_bytes()
    assert patches(controller) == 2


def test_a_file_the_controller_has_is_not_sent_again(
    controller: RunningController, holding: Holding, tmp_path: Path
) -> None:
    path, digest = payload(tmp_path / "p")
    controller.add_blob(path.read_bytes())
    holding.upload(path, digest)
    assert patches(controller) == 0


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("method", ["PATCH", "HEAD"])
def test_connections_that_break_in_an_upload_cost_only_time(
    controller: RunningController, holding: Holding, tmp_path: Path, method: str, *, after: bool
) -> None:
    path, digest = payload(tmp_path / "p")
    fail_once_in(controller, 2, method, after=after)
    holding.upload(path, digest)
    assert controller.blobs[digest] == path.read_bytes()


@pytest.mark.usefixtures("small_chunks")
def test_an_offset_that_moved_meanwhile_is_asked_for_again(
    controller: RunningController, holding: Holding, tmp_path: Path
) -> None:
    """Another request of ours hung, and arrived after all."""
    path, digest = payload(tmp_path / "p")
    route, done = controller._route, []

    def meddle(request: Request) -> tuple[int, dict[str, str], bytes]:
        if request.method == "PATCH" and not done:
            done.append(1)
            controller.partial[digest] = bytearray(path.read_bytes()[:2500])
        return route(request)

    controller._route = meddle  # type: ignore[method-assign]
    holding.upload(path, digest)
    assert controller.blobs[digest] == path.read_bytes()


def test_a_file_that_is_refused_again_and_again_is_given_up(
    controller: RunningController, holding: Holding, tmp_path: Path
) -> None:
    path, digest = payload(tmp_path / "p")
    wrong = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(UploadRefusedError, match="another digest"):
        holding.upload(path, wrong)
    assert patches(controller) < 20
    assert digest not in controller.blobs


def test_a_report_is_said_until_it_is_heard_and_counts_once(
    controller: RunningController, holding: Holding, attempt: Attempt
) -> None:
    controller.stop()
    threading.Timer(0.5, controller.start).start()
    receipt = holding.report(Report(lease=1, outcome=Outcome.PASSED))
    assert receipt.accepted
    assert len(attempt.reports) == 1
    assert holding.report(Report(lease=1, outcome=Outcome.PASSED)).accepted
    assert len(attempt.reports) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_controller_in_trouble_is_asked_again(
    controller: RunningController, holding: Holding, attempt: Attempt, status: int
) -> None:
    left = [3]

    def trouble(_request: Request) -> tuple[int, dict[str, str]] | None:
        left[0] -= 1
        return (status, {"detail": "busy"}) if left[0] >= 0 else None

    controller.fault = trouble
    assert holding.report(Report(lease=1, outcome=Outcome.PASSED)).accepted


@pytest.mark.parametrize("status", [401, 403, 404, 409, 410])
def test_a_lost_lease_ends_all_trying(controller: RunningController, holding: Holding, status: int) -> None:
    controller.fault = lambda _request: (status, {"detail": "The lease is over."})
    with pytest.raises(LeaseLostError, match="The lease is over"):
        holding.report(Report(lease=1, outcome=Outcome.PASSED))
    with pytest.raises(LeaseLostError):
        holding.send_log(0, b"x")
    with pytest.raises(LeaseLostError):
        holding.fetch_blob("0" * 64, Path("/dev/null"))


def test_trying_ends_when_it_is_told_to(controller: RunningController, door: Controller, claim: Claim) -> None:
    controller.stop()
    over = threading.Event()
    threading.Timer(0.2, over.set).start()
    holding = door.holding(claim, Patience(first=0.01, longest=0.05, total=3600.0, over=over.is_set))
    with pytest.raises(httpx2.TransportError):
        holding.report(Report(lease=1, outcome=Outcome.PASSED))


def test_a_blob_arrives_whole_though_the_connection_breaks(
    controller: RunningController, holding: Holding, tmp_path: Path
) -> None:
    digest = controller.add_blob(b"x" * 1_000_000)
    fail_once_in(controller, 2, "GET", after=False)
    for number in range(4):
        holding.fetch_blob(digest, tmp_path / f"{number}")
        assert (tmp_path / f"{number}").stat().st_size == 1_000_000


def test_a_blob_with_another_digest_is_not_taken(
    controller: RunningController, holding: Holding, tmp_path: Path
) -> None:
    controller.blobs["0" * 64] = b"something else"
    with pytest.raises(WrongContentError):
        holding.fetch_blob("0" * 64, tmp_path / "b")
