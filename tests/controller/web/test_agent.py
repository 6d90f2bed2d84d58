"""The worker's side over HTTP: one attempt from its claim to its receipt, and what goes wrong on the way."""

import hashlib

import pytest
from starlette.testclient import TestClient

from controller.domain.jobs import JobKind
from controller.domain.recipes import Output
from controller.services.farm import Farm
from controller.services.leases import lose
from controller.storage import jobs
from controller.storage.tables import to_json
from tests.kit.filled_farm import output, package_of
from tests.kit.rows import MACHINE, draw_batch
from workers.contract import paths
from workers.contract.leases import Claim, ClaimRequest, Heartbeat, HeartbeatAnswer, WorkerState
from workers.contract.reports import Outcome, ProducedFile, Receipt, Report


def claim(client: TestClient, worker: dict[str, str], pool: str = "linux-64") -> Claim | None:
    asked = ClaimRequest(worker="w1", pools=(pool,), machine=MACHINE)
    answer = client.post(paths.CLAIMS, json=asked.model_dump(mode="json"), headers=worker)
    if answer.status_code == 204:
        assert answer.content == b""
        return None
    assert answer.status_code == 200
    return Claim.model_validate(answer.json())


def bearer(held: Claim) -> dict[str, str]:
    return {"Authorization": f"Bearer {held.token}"}


@pytest.fixture
def held(farm: Farm, client: TestClient, worker: dict[str, str]) -> Claim:
    draw_batch(farm, {"zlib": []})
    got = claim(client, worker)
    assert got is not None
    return got


def test_no_work_is_no_content(client: TestClient, worker: dict[str, str]) -> None:
    assert claim(client, worker) is None


def test_a_pool_that_is_none_is_refused_with_a_remedy(client: TestClient, worker: dict[str, str]) -> None:
    asked = ClaimRequest(worker="w1", pools=("../etc",), machine=MACHINE)
    answer = client.post(paths.CLAIMS, json=asked.model_dump(mode="json"), headers=worker)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "linux-64" in answer.json()["remedy"]


def test_a_worker_says_how_it_is(client: TestClient, worker: dict[str, str]) -> None:
    said = WorkerState(worker="w9", pools=("win-64",), machine=MACHINE, state="draining", version="0.1.0")
    assert client.post(paths.WORKERS, json=said.model_dump(mode="json"), headers=worker).status_code == 204
    known = client.get("/api/v1/workers").json()["items"]
    assert [(w["name"], w["state"], w["pools"]) for w in known] == [("w9", "draining", ["win-64"])]


def test_a_heartbeat_goes_on_until_the_lease_is_over(farm: Farm, client: TestClient, held: Claim) -> None:
    beat = Heartbeat(lease=held.lease, phase="build").model_dump()
    answer = client.post(paths.heartbeat(held.attempt), json=beat, headers=bearer(held))
    assert HeartbeatAnswer.model_validate(answer.json()) == HeartbeatAnswer(stop=False)
    lose(farm, held.attempt, "gone")
    assert client.post(paths.heartbeat(held.attempt), json=beat, headers=bearer(held)).json()["stop"] is True


def test_the_phase_a_heartbeat_tells_is_shown(client: TestClient, held: Claim) -> None:
    beat = Heartbeat(lease=held.lease, phase="solve").model_dump()
    client.post(paths.heartbeat(held.attempt), json=beat, headers=bearer(held))
    assert client.get(f"/api/v1/jobs/{held.spec.job}").json()["phase"] == "solve"


def test_another_attempts_token_is_forbidden(client: TestClient, held: Claim) -> None:
    beat = Heartbeat(lease=held.lease).model_dump()
    answer = client.post(paths.heartbeat(held.attempt), json=beat, headers={"Authorization": "Bearer other"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


def test_a_log_is_kept_in_order_and_a_chunk_sent_twice_once(farm: Farm, client: TestClient, held: Claim) -> None:
    def send(offset: int, data: bytes) -> str:
        headers = bearer(held) | {paths.OFFSET_HEADER: str(offset)}
        answer = client.post(paths.log(held.attempt), content=data, headers=headers)
        assert answer.status_code == 204
        return str(answer.headers[paths.OFFSET_HEADER])

    assert send(0, b"one\n") == "4"
    assert send(0, b"one\n") == "4"
    assert send(9, b"later\n") == "4"
    assert send(4, b"two \xff\n") == "10"
    assert farm.logs.read(held.attempt, 0, 99) == b"one\ntwo \xff\n"


def test_a_log_chunk_is_bounded(client: TestClient, held: Claim) -> None:
    headers = bearer(held) | {paths.OFFSET_HEADER: "0"}
    answer = client.post(paths.log(held.attempt), content=b"x" * (9 << 20), headers=headers)
    assert answer.status_code == 413


def test_a_body_without_a_length_is_bounded_too(client: TestClient, admin: dict[str, str]) -> None:
    pieces = (b" " * (1 << 20) for _ in range(9))
    answer = client.post("/api/v1/plans", content=pieces, headers=admin | {"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_a_late_worker_keeps_nothing(farm: Farm, client: TestClient, held: Claim) -> None:
    lose(farm, held.attempt, "gone")
    headers = bearer(held) | {paths.OFFSET_HEADER: "0", paths.LENGTH_HEADER: "3"}
    log = client.post(paths.log(held.attempt), content=b"abc", headers=headers)
    upload = client.patch(paths.upload(held.attempt, "0" * 64), content=b"abc", headers=headers)
    said = Report(lease=held.lease, outcome=Outcome.PASSED).model_dump(mode="json")
    report = client.post(paths.report(held.attempt), json=said, headers=bearer(held))
    for answer in (log, upload, report):
        assert (answer.status_code, answer.json()["code"]) == (409, "stale_lease")


class TestUploads:
    DATA = b"0123456789" * 1_000_000
    SHA256 = hashlib.sha256(DATA).hexdigest()

    def kept(self, client: TestClient, held: Claim) -> int:
        answer = client.head(paths.upload(held.attempt, self.SHA256), headers=bearer(held))
        assert answer.status_code == 200
        return int(answer.headers[paths.OFFSET_HEADER])

    def send(self, client: TestClient, held: Claim, offset: int, data: bytes, length: int = len(DATA)) -> object:
        headers = bearer(held) | {paths.OFFSET_HEADER: str(offset), paths.LENGTH_HEADER: str(length)}
        return client.patch(paths.upload(held.attempt, self.SHA256), content=data, headers=headers)

    def test_goes_on_where_it_stopped_and_is_verified(self, farm: Farm, client: TestClient, held: Claim) -> None:
        assert self.kept(client, held) == 0
        first = self.send(client, held, 0, self.DATA[:1_500_000])
        assert (first.status_code, first.headers[paths.OFFSET_HEADER]) == (204, "1500000")
        assert self.kept(client, held) == 1_500_000
        rest = self.send(client, held, 1_500_000, self.DATA[1_500_000:])
        assert rest.headers[paths.OFFSET_HEADER] == str(len(self.DATA))
        assert farm.blobs.read(self.SHA256) == self.DATA
        assert self.kept(client, held) == len(self.DATA)

    def test_a_wrong_offset_is_told_the_right_one(self, client: TestClient, held: Claim) -> None:
        self.send(client, held, 0, self.DATA[:1000])
        answer = self.send(client, held, 0, self.DATA[:1000])
        assert (answer.status_code, answer.json()["code"]) == (409, "upload_refused")
        assert answer.headers[paths.OFFSET_HEADER] == "1000"

    def test_bytes_that_are_not_their_digest_start_anew(self, farm: Farm, client: TestClient, held: Claim) -> None:
        answer = self.send(client, held, 0, b"x" * 10, length=10)
        assert (answer.status_code, answer.headers[paths.OFFSET_HEADER]) == (409, "0")
        assert not farm.blobs.exists(self.SHA256)

    def test_a_negative_offset_or_no_digest_is_no_request(self, client: TestClient, held: Claim) -> None:
        assert self.send(client, held, -1, b"x").status_code == 422
        headers = bearer(held) | {paths.OFFSET_HEADER: "0", paths.LENGTH_HEADER: "1"}
        answer = client.patch(paths.upload(held.attempt, "..%2f..%2fetc"), content=b"x", headers=headers)
        assert answer.status_code in (404, 422)


def test_a_build_that_is_uploaded_and_reported_is_staged_and_the_receipt_is_the_same_twice(
    farm: Farm, client: TestClient, worker: dict[str, str]
) -> None:
    made = output("zlib", "linux-64")
    numbers = draw_batch(farm, {"zlib": []}, JobKind.BUILD)
    with farm.transaction() as session:
        job = jobs.find_job(session, f"J-{numbers['zlib']}")
        job.outputs = [to_json(Output, made)]
        session.add(job)
    held = claim(client, worker)
    assert held is not None
    data = package_of(made).conda()
    sha256 = hashlib.sha256(data).hexdigest()
    headers = bearer(held) | {paths.OFFSET_HEADER: "0", paths.LENGTH_HEADER: str(len(data))}
    assert client.patch(paths.upload(held.attempt, sha256), content=data, headers=headers).status_code == 204
    file = ProducedFile(file_name=made.file_name, subdir="linux-64", sha256=sha256, size=len(data))
    said = Report(lease=held.lease, outcome=Outcome.PASSED, files=(file,)).model_dump(mode="json")
    receipts = [client.post(paths.report(held.attempt), json=said, headers=bearer(held)).json() for _ in range(2)]
    assert [Receipt.model_validate(receipt).accepted for receipt in receipts] == [True, True]
    index = client.get(f"/channels/staging/{held.spec.batch}/linux-64/repodata.json").json()
    assert list(index["packages.conda"]) == [made.file_name]
    assert client.get(f"/channels/staging/{held.spec.batch}/linux-64/{made.file_name}").content == data


def test_only_the_ordered_source_is_handed_out(farm: Farm, client: TestClient, worker: dict[str, str]) -> None:
    source, other = farm.blobs.put_bytes(b"the recipe"), farm.blobs.put_bytes(b"somebody else's")
    numbers = draw_batch(farm, {"zlib": []})
    with farm.transaction() as session:
        job = jobs.find_job(session, f"J-{numbers['zlib']}")
        job.order = job.order | {"source_sha256": source}
        session.add(job)
    held = claim(client, worker)
    assert held is not None
    assert client.get(paths.blob(held.attempt, source), headers=bearer(held)).content == b"the recipe"
    refused = client.get(paths.blob(held.attempt, other), headers=bearer(held))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
