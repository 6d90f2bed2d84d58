"""A report is believed in what the files show: anything else than what was ordered fails the job as refused."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from controller.domain.artifacts import Artifact
from controller.domain.channels import staging
from controller.domain.errors import StaleLeaseError
from controller.services import intake, leases, results
from controller.services.farm import Farm
from controller.services.transfers import upload_id
from controller.storage import artifacts, channels, jobs
from controller.storage.jobs import JobRow
from tests.kit.farms import make_farm
from tests.kit.packages import Package
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker
from workers.contract.jobs import BuildOrder, PlannedFile
from workers.contract.leases import Claim
from workers.contract.reports import Outcome, ProducedFile, Report, TestCase, TestOutcome


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


@pytest.fixture
def worker(farm: Farm, tmp_path: Path) -> SimulatedWorker:
    """A worker before a batch of one recipe."""
    write_recipe(tmp_path / "tree", "one", run=("two >=1",))
    commit(tmp_path / "tree", "one begins")
    intake.push(farm, str(tmp_path / "tree"), None, who="ana")
    return SimulatedWorker(farm)


def claimed(worker: SimulatedWorker) -> tuple[Claim, PlannedFile]:
    claim = worker.claim()
    assert claim is not None
    assert isinstance(claim.spec.order, BuildOrder)
    return claim, claim.spec.order.files[0]


def jobs_now(farm: Farm) -> tuple[JobRow, JobRow]:
    """The build and its test."""
    with farm.reading() as session:
        build, test = sorted(jobs.jobs_of_batch(session, 1), key=lambda job: job.kind)
        return build, test


def recorded(farm: Farm, file: PlannedFile) -> tuple[Artifact, int | None]:
    """What is recorded under the ordered name, and the job that built it."""
    with farm.reading() as session:
        row = artifacts.find_file(session, file.subdir, file.file_name)
        assert row is not None
        return row.value(), row.job_id


def verdict(farm: Farm) -> str:
    """What the tests said of the one file of the batch."""
    with farm.reading() as session:
        (row,) = artifacts.of_batch(session, 1)
        return row.verdict


def staged(farm: Farm) -> set[str]:
    with farm.reading() as session:
        return channels.names_in(session, staging("B-1"), channels.current_of(session, staging("B-1")))


def test_a_good_build_is_recorded_with_what_the_plan_knows_and_its_test_may_start(
    farm: Farm, worker: SimulatedWorker
) -> None:
    claim, file = claimed(worker)
    assert worker.report(claim, Outcome.PASSED, worker.deliver(claim))
    build, test = jobs_now(farm)
    assert (build.state, build.outcome, test.state) == ("passed", "passed", "ready")
    assert staged(farm) == {f"noarch/{file.file_name}"}
    found, _ = recorded(farm, file)
    assert (found.recipe, bool(found.fingerprint), [d.spec for d in found.depends]) == ("one", True, ["two >=1"])
    assert verdict(farm) == ""
    worker.step()
    assert verdict(farm) == "passed"


def test_the_same_report_twice_records_one_file(farm: Farm, worker: SimulatedWorker) -> None:
    claim, _ = claimed(worker)
    files = worker.deliver(claim)
    assert worker.report(claim, Outcome.PASSED, files)
    assert worker.report(claim, Outcome.PASSED, files)
    with farm.reading() as session:
        assert channels.current_of(session, staging("B-1")) == 1
        assert len(artifacts.of_batch(session, 1)) == 1


Delivery = Callable[[SimulatedWorker, Claim, PlannedFile], list[ProducedFile]]


def _nothing(_worker: SimulatedWorker, _claim: Claim, _file: PlannedFile) -> list[ProducedFile]:
    return []


def _another_version(worker: SimulatedWorker, claim: Claim, file: PlannedFile) -> list[ProducedFile]:
    return [worker.upload(claim, file, worker.make(claim, file, spoiled=True))]


def _another_name(worker: SimulatedWorker, claim: Claim, file: PlannedFile) -> list[ProducedFile]:
    other = file.model_copy(update={"file_name": "other-1.0-h0_0.conda"})
    return [worker.upload(claim, other, Package(name="other", subdir="noarch").conda())]


def _another_subdir(worker: SimulatedWorker, claim: Claim, file: PlannedFile) -> list[ProducedFile]:
    made = Package(name=file.name, version=file.version, build=file.build, subdir="linux-64")
    return [worker.upload(claim, file, made.conda())]


def _no_package(worker: SimulatedWorker, claim: Claim, file: PlannedFile) -> list[ProducedFile]:
    return [worker.upload(claim, file, b"this is no package")]


def _half_a_file(worker: SimulatedWorker, claim: Claim, file: PlannedFile) -> list[ProducedFile]:
    data = worker.make(claim, file)
    return [worker.upload(claim, file, data[: len(data) // 2])]


def _never_uploaded(worker: SimulatedWorker, claim: Claim, file: PlannedFile) -> list[ProducedFile]:
    return [replace_digest(worker.deliver(claim)[0], "0" * 64)]


def _no_digest(worker: SimulatedWorker, claim: Claim, file: PlannedFile) -> list[ProducedFile]:
    return [replace_digest(worker.deliver(claim)[0], "../../etc/passwd")]


def replace_digest(file: ProducedFile, digest: str) -> ProducedFile:
    return file.model_copy(update={"sha256": digest})


@pytest.mark.parametrize(
    "deliver",
    [
        _nothing,
        _another_version,
        _another_name,
        _another_subdir,
        _no_package,
        _half_a_file,
        _never_uploaded,
        _no_digest,
    ],
)
def test_what_was_not_ordered_fails_the_job_as_refused(farm: Farm, worker: SimulatedWorker, deliver: Delivery) -> None:
    claim, file = claimed(worker)
    assert worker.report(claim, Outcome.PASSED, deliver(worker, claim, file))
    build, test = jobs_now(farm)
    assert (build.state, build.outcome, build.phase, test.state) == ("failed", "refused", "verify", "blocked")
    assert build.message
    assert staged(farm) == set()
    with farm.reading() as session:
        assert artifacts.of_batch(session, 1) == []


def test_a_spoiled_file_costs_its_batch_and_publishes_nothing(farm: Farm, worker: SimulatedWorker) -> None:
    worker.spoil = {("build", "one")}
    assert worker.finish() == [("build", "one")]
    with farm.reading() as session:
        assert channels.current_of(session, "testing") == 0


def test_a_file_name_is_recorded_once_whoever_delivers_it_again(farm: Farm, worker: SimulatedWorker) -> None:
    """Should a plan ever name a file twice, the second build is refused, and the first file stays as it is."""
    claim, file = claimed(worker)
    with farm.transaction() as session:
        row = jobs.find_job(session, claim.spec.job)
        twin = JobRow(**row.model_dump(exclude={"id", "state", "attempts"}), state="ready")
        session.add(twin)
    worker.report(claim, Outcome.PASSED, worker.deliver(claim))
    first = recorded(farm, file)
    worker.farm.now.forward(5)  # type: ignore[attr-defined]
    done = worker.work()
    assert ("build", "one") in done
    with farm.reading() as session:
        states = {row.id: (row.state, row.outcome) for row in jobs.jobs_of_batch(session, 1) if row.kind == "build"}
        assert states[twin.id] == ("failed", "refused")
    assert recorded(farm, file) == first


def test_the_database_itself_refuses_a_file_name_twice(farm: Farm, worker: SimulatedWorker) -> None:
    claim, file = claimed(worker)
    worker.report(claim, Outcome.PASSED, worker.deliver(claim))
    artifact, job = recorded(farm, file)

    def record_again() -> None:
        with farm.transaction() as session:
            artifacts.add_artifact(session, artifact, 1, job or 0, farm.now())

    with pytest.raises(IntegrityError):
        record_again()
    assert recorded(farm, file) == (artifact, job)


def test_a_report_after_the_lease_was_lost_records_nothing(farm: Farm, worker: SimulatedWorker) -> None:
    claim, _ = claimed(worker)
    files = worker.deliver(claim)
    leases.lose(farm, claim.attempt, "the worker went silent")
    with pytest.raises(StaleLeaseError):
        worker.report(claim, Outcome.PASSED, files)
    assert jobs_now(farm)[0].state == "ready"
    assert staged(farm) == set()
    assert worker.work() == [("build", "one"), ("test", "one")]


def test_an_upload_whose_last_step_was_cut_off_is_taken_in_with_the_report(farm: Farm, worker: SimulatedWorker) -> None:
    """All bytes are kept, and the controller died before it moved them into the store."""
    claim, file = claimed(worker)
    data = worker.make(claim, file)
    digest = hashlib.sha256(data).hexdigest()
    farm.uploads.append(upload_id(claim.attempt, digest), 0, [data], len(data), len(data))
    said = ProducedFile(file_name=file.file_name, subdir=file.subdir, sha256=digest, size=len(data))
    worker.report(claim, Outcome.PASSED, [said])
    assert jobs_now(farm)[0].state == "passed"


def test_a_test_without_tests_is_no_pass_of_the_file(farm: Farm, worker: SimulatedWorker) -> None:
    worker.step()
    claim = worker.claim()
    assert claim is not None
    worker.report(claim, Outcome.NO_TESTS)
    _, test = jobs_now(farm)
    assert (test.state, test.outcome) == ("passed", "no_tests")
    assert verdict(farm) == "no_tests"


NUL = "a\0b"


def test_a_failing_line_with_a_nul_is_kept(farm: Farm, worker: SimulatedWorker) -> None:
    worker.fail, worker.lines = {("test", "one")}, {("test", "one"): f"AssertionError: {NUL}"}
    worker.work()
    test = next(job for job in jobs_now(farm) if job.kind == "test")
    assert test.failing[0]["text"] == "AssertionError: a\ufffdb"


def test_a_report_in_words_that_no_database_takes_is_taken_all_the_same(farm: Farm, worker: SimulatedWorker) -> None:
    worker.step()
    claim = worker.claim()
    assert claim is not None
    case = TestCase(name=NUL, outcome=Outcome.FAILED, message="\ud800", where=NUL)
    test = TestOutcome(index=0, kind=NUL, outcome=Outcome.FAILED, seconds=1.0, message=NUL, failed=1, failing=(case,))
    said = Report(lease=claim.lease, outcome=Outcome.FAILED, message=NUL, phase=NUL, tests=(test,))
    assert results.report(farm, claim.attempt, claim.token, said).accepted
    kept = next(job for job in jobs_now(farm) if job.kind == "test")
    assert kept.message == "a\ufffdb"
