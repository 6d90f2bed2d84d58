"""Bytes from a worker: doubled chunks harm nothing, and none is taken once the lease is over."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.errors import InvalidInputError, NotPermittedError, StaleLeaseError, UploadError
from controller.services import intake, leases, transfers
from controller.services.farm import Farm
from tests.kit.farms import make_farm
from tests.kit.packages import Package
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.rows import asking, draw_batch
from tests.kit.simulated_worker import SimulatedWorker, chunked
from workers.contract.jobs import BuildOrder
from workers.contract.leases import Claim

DATA = Package(files={"share/toy.txt": bytes(range(256)) * 8}).conda()
DIGEST = hashlib.sha256(DATA).hexdigest()
HALF = len(DATA) // 2


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


@pytest.fixture
def claim(farm: Farm) -> Claim:
    draw_batch(farm, {"one": [], "two": []})
    claim = leases.claim(farm, asking())
    assert claim is not None
    return claim


def append(farm: Farm, claim: Claim, offset: int, data: bytes, digest: str = DIGEST, length: int = len(DATA)) -> int:
    return transfers.append_upload(farm, claim.attempt, claim.token, digest, offset, length, chunked(data))


def kept(farm: Farm, claim: Claim, digest: str = DIGEST) -> int:
    return transfers.upload_offset(farm, claim.attempt, claim.token, digest)


def test_an_upload_goes_on_where_it_was_cut_off(farm: Farm, claim: Claim) -> None:
    assert append(farm, claim, 0, DATA[:HALF]) == HALF
    assert kept(farm, claim) == HALF
    assert not farm.blobs.exists(DIGEST)
    assert append(farm, claim, HALF, DATA[HALF:]) == len(DATA)
    assert kept(farm, claim) == len(DATA)
    assert farm.blobs.read(DIGEST) == DATA


def test_a_doubled_chunk_changes_nothing_and_names_where_to_go_on(farm: Farm, claim: Claim) -> None:
    append(farm, claim, 0, DATA[:HALF])
    with pytest.raises(UploadError, match=f"Go on from {HALF} bytes"):
        append(farm, claim, 0, DATA[:HALF])
    assert kept(farm, claim) == HALF
    append(farm, claim, HALF, DATA[HALF:])
    assert append(farm, claim, HALF, DATA[HALF:]) == len(DATA)
    assert append(farm, claim, 0, DATA) == len(DATA)
    assert farm.blobs.read(DIGEST) == DATA


def test_bytes_that_are_not_what_was_said_are_thrown_away_and_may_come_again(farm: Farm, claim: Claim) -> None:
    wrong = DATA[:-1] + bytes([DATA[-1] ^ 1])
    with pytest.raises(UploadError):
        append(farm, claim, 0, wrong)
    assert kept(farm, claim) == 0
    assert not farm.blobs.exists(DIGEST)
    assert append(farm, claim, 0, DATA) == len(DATA)


def test_two_attempts_sending_one_file_do_not_disturb_each_other(farm: Farm, claim: Claim) -> None:
    other = leases.claim(farm, asking("w2"))
    assert other is not None
    append(farm, claim, 0, DATA[:HALF])
    assert kept(farm, other) == 0
    append(farm, other, 0, DATA)
    assert kept(farm, claim) == len(DATA)
    assert append(farm, claim, HALF, DATA[HALF:]) == len(DATA)


def test_after_the_lease_is_lost_nothing_is_taken(farm: Farm, claim: Claim) -> None:
    append(farm, claim, 0, DATA[:HALF])
    leases.lose(farm, claim.attempt, "the worker went silent")
    with pytest.raises(StaleLeaseError):
        append(farm, claim, HALF, DATA[HALF:])
    with pytest.raises(StaleLeaseError):
        kept(farm, claim)
    assert not farm.blobs.exists(DIGEST)


def test_another_attempts_token_opens_nothing(farm: Farm, claim: Claim) -> None:
    other = leases.claim(farm, asking("w2"))
    assert other is not None
    with pytest.raises(NotPermittedError):
        append(farm, claim.model_copy(update={"token": other.token}), 0, DATA)


def test_a_file_over_the_limit_is_refused_before_a_byte_is_kept(farm: Farm, claim: Claim) -> None:
    with pytest.raises(UploadError, match="limit"):
        append(farm, claim, 0, DATA, length=farm.rules.build.output_bytes + 1)
    assert kept(farm, claim) == 0


def test_what_is_no_digest_names_no_file(farm: Farm, claim: Claim) -> None:
    for digest in ("", "../../etc/passwd", "A" * 64, "0" * 63):
        with pytest.raises(InvalidInputError):
            append(farm, claim, 0, DATA, digest=digest)


def test_a_doubled_piece_of_log_is_kept_once(farm: Farm, claim: Claim) -> None:
    for _ in range(2):
        assert transfers.append_log(farm, claim.attempt, claim.token, 0, b"one\n") == 4
    assert transfers.append_log(farm, claim.attempt, claim.token, 4, b"two\n") == 8
    assert list(farm.logs.lines(claim.attempt, 1, 10)) == ["one", "two"]


def test_a_source_is_given_to_the_attempt_whose_order_names_it_and_to_no_other(farm: Farm, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_recipe(tmp_path / "tree", name)
    commit(tmp_path / "tree", "two begin")
    intake.push(farm, str(tmp_path / "tree"), None, who="ana")
    first, second = SimulatedWorker(farm).claim(), SimulatedWorker(farm, "w2").claim()
    assert first is not None
    assert second is not None
    assert isinstance(first.spec.order, BuildOrder)
    digest = first.spec.order.source_sha256
    path = transfers.source_blob(farm, first.attempt, first.token, digest)
    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == digest
    with pytest.raises(NotPermittedError):
        transfers.source_blob(farm, second.attempt, second.token, digest)


def test_the_more_workers_are_busy_the_less_often_each_is_to_send_its_log(tmp_path: Path) -> None:
    farm = make_farm(tmp_path)
    draw_batch(farm, {f"job {number}": () for number in range(30)})
    assert transfers.log_pace(farm) == 0.0
    for number in range(30):
        leases.claim(farm, asking(f"w{number}"))
    farm.paced = None
    assert transfers.log_pace(farm) == 0.3
    farm.close()
