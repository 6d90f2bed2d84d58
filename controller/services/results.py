"""A worker's report moves the job and what waits for it.

"Done" means that the artifact is verified in the store and stands in the staging index: files are
inspected before the transaction, recorded and indexed within it. The same report sent again gets the
same receipt; a report under an old lease changes nothing.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from controller.domain.artifacts import Artifact
from controller.domain.baselines import Run
from controller.domain.channels import staging
from controller.domain.differences import Difference
from controller.domain.errors import (
    ArtifactRefusedError,
    InvalidInputError,
    NameTakenError,
    StaleLeaseError,
    UploadError,
)
from controller.domain.failures import OURS, Decision
from controller.domain.jobs import TESTS, AttemptState, JobEvent, JobKind
from controller.domain.recipes import Output
from controller.gateways.packages import inspect
from controller.planning.diagnosis import diagnose
from controller.services import baselines, channels, draining, excusing, flakes, known_failures
from controller.services.comparing import Built, compare_built
from controller.services.consequences import move
from controller.services.excusing import Judged
from controller.services.failing import Ended, end, failed_values, follow, judge, told
from controller.services.farm import Farm
from controller.services.forecast import learn
from controller.services.leases import holder_and_job
from controller.services.transfers import upload_id
from controller.storage import artifacts, batches, jobs, workers
from controller.storage.database import Session
from controller.storage.jobs import AttemptRow, JobRow
from controller.storage.tables import from_json, to_json
from workers.contract.jobs import BuildOrder
from workers.contract.reports import Outcome, Receipt, Report

GOOD = frozenset({Outcome.PASSED, Outcome.NO_TESTS})
_REFUSALS = (ArtifactRefusedError, InvalidInputError, NameTakenError, UploadError)
_LOG_TAIL = 2_000
"""Lines at a log's end in which the fault is looked for."""


@dataclass(frozen=True, slots=True)
class _Findings:
    """A report, with what the controller itself found in the files and in the log."""

    said: Report
    built: list[Built]
    failing: list[dict[str, Any]]

    @property
    def signatures(self) -> tuple[str, ...]:
        """Of the failing lines: equal faults share them."""
        return tuple(dict.fromkeys(line["signature"] for line in self.failing))

    @property
    def due(self) -> bool:
        """Whether the plan was made on something else than what came of this build."""
        return any(built.difference.is_surprising for built in self.built)


def report(farm: Farm, attempt: str, token: str, said: Report) -> Receipt:
    """Take a report once. Raises StaleLeaseError when another attempt holds the job."""
    with farm.reading() as session:
        row, job = holder_and_job(session, attempt, token)
        if "receipt" in row.report:
            return Receipt.model_validate(row.report["receipt"])
    if row.state != AttemptState.LEASED:
        raise StaleLeaseError(f"The lease of attempt {attempt} is over ({row.state}).", remedy="Drop this work.")
    built: list[Built] = []
    if job.kind == JobKind.BUILD and said.outcome is Outcome.PASSED:
        said, built = _verified(farm, attempt, job, said)
    failing = [] if said.outcome in GOOD else _failing(farm, attempt)
    _keep_lists(farm, attempt, said)
    findings = _Findings(said, built, failing)
    with farm.transaction() as session:
        batches.lock_batch(session, job.batch_id)
        row, job = holder_and_job(session, attempt, token, lock=True)
        return _take(farm, session, row, job, findings)


def _verified(farm: Farm, attempt: str, job: JobRow, said: Report) -> tuple[Report, list[Built]]:
    """What was uploaded, read back from the files; a file that is not what was ordered fails the job."""
    try:
        built = [_accept(farm, attempt, output, said) for output in _outputs(job)]
        for artifact in built:
            _expect_parents(BuildOrder.model_validate(job.order), artifact)
        for file in said.files:
            if file.interface_sha256:
                _in_store(farm, attempt, file.interface_sha256)
        return said, compare_built(farm, job, built, said)
    except _REFUSALS as error:
        return said.model_copy(update={"outcome": Outcome.REFUSED, "phase": "verify", "message": str(error)}), []


def _outputs(job: JobRow) -> list[Output]:
    return [from_json(Output, data) for data in job.outputs]


def _in_store(farm: Farm, attempt: str, sha256: str) -> bool:
    """An upload whose last step was cut off is taken in now."""
    upload = upload_id(attempt, sha256)
    if not farm.blobs.exists(sha256) and farm.uploads.offset(upload):
        farm.uploads.finish(upload, sha256)
    return farm.blobs.exists(sha256)


def _keep_lists(farm: Farm, attempt: str, said: Report) -> None:
    """Take in the lists of all cases; without one that is not whole the report is as good."""
    for test in said.tests:
        if test.cases_sha256:
            with suppress(*_REFUSALS):
                _in_store(farm, attempt, test.cases_sha256)


def _accept(farm: Farm, attempt: str, output: Output, said: Report) -> Artifact:
    produced = {(file.subdir, file.file_name): file for file in said.files}
    file = produced.get((output.subdir, output.file_name))
    if file is None or not _in_store(farm, attempt, file.sha256):
        raise ArtifactRefusedError(
            f"{output.subdir}/{output.file_name} was ordered and not delivered.", remedy="See the job's log."
        )
    _expect_free(farm, output)
    found = inspect(farm.blobs.path(file.sha256), output.subdir, output.file_name)
    if found.sha256 != file.sha256:
        raise ArtifactRefusedError(
            f"{output.file_name} has digest {found.sha256}, not the reported {file.sha256}.", remedy="Retry the job."
        )
    return replace(
        found, recipe=output.recipe, hash=output.hash, fingerprint=output.fingerprint, variant=dict(output.variant)
    )


def _expect_parents(order: BuildOrder, found: Artifact) -> None:
    """Facts come from the file: a planned parent must be in the environment that the file itself records."""
    used = {(package.section, package.file_stem) for package in found.used}
    for parent in order.parents:
        stem = parent.file_name.removesuffix(".conda")
        if found.file_name in parent.needed_by and (parent.section, stem) not in used:
            raise ArtifactRefusedError(
                f"{found.file_name} was not built with {parent.file_name} in {parent.section}, as planned.",
                remedy="See which channel gave another one in the job's log.",
            )


def _expect_free(farm: Farm, output: Output) -> None:
    """The database refuses a name that was used before; said here, that refusal ends the job instead of the report."""
    with farm.reading() as session:
        if artifacts.find_file(session, output.subdir, output.file_name) is not None:
            raise NameTakenError(
                f"{output.subdir}/{output.file_name} was built before.", remedy="Push again for a new build number."
            )


def _failing(farm: Farm, attempt: str) -> list[dict[str, Any]]:
    total = farm.logs.line_count(attempt)
    first = max(1, total - _LOG_TAIL + 1)
    found = diagnose(farm.logs.lines(attempt, first, _LOG_TAIL))
    return [{"line": f.line + first - 1, "text": f.text, "kind": f.kind, "signature": f.signature} for f in found]


def _take(farm: Farm, session: Session, row: AttemptRow, job: JobRow, found: _Findings) -> Receipt:
    if "receipt" in row.report:
        return Receipt.model_validate(row.report["receipt"])
    receipt, said = Receipt(accepted=True), found.said
    document = said.model_dump(mode="json") | {"receipt": receipt.model_dump(mode="json")}
    ended = Ended(said.outcome, said.phase, said.message, found.failing)
    decision = None if said.outcome in GOOD else judge(farm, session, job, row, ended)
    judged = excusing.judge_end(farm, session, job, row, said, decision)
    values = {"outcome": said.outcome.value, "message": said.message, "phase": said.phase, "report": document}
    values |= told(judged.decision) if judged.decision else {}
    if not jobs.end_attempt(
        session, row, _attempt_state(judged, said.outcome), farm.database.clock_value(session), **values
    ):
        raise StaleLeaseError(f"The lease of attempt {row.id} is over ({row.state}).", remedy="Drop this work.")
    known = workers.seen(session, row.worker, farm.database.clock_value(session), state="idle", attempt="")
    if judged.decision is None or judged.excused:
        _pass(farm, session, job, row, found, judged)
    else:
        _fail(farm, session, job, row, found, judged, judged.decision, ended)
    if judged.ends and not ended.lost:
        excusing.keep(farm, session, job, judged)
    session.add(known)  # held until here, so that nobody reads it again
    return receipt


def _attempt_state(judged: Judged, outcome: Outcome) -> AttemptState:
    if judged.excused:
        return AttemptState.EXCUSED
    if outcome in GOOD:
        return AttemptState.PASSED
    return AttemptState.LOST if outcome is Outcome.INFRASTRUCTURE else AttemptState.FAILED


def _pass(farm: Farm, session: Session, job: JobRow, attempt: AttemptRow, found: _Findings, judged: Judged) -> None:
    said = found.said
    draining.note_end(session, attempt.worker)
    if job.kind == JobKind.BUILD and found.built:
        _stage(farm, session, job, found.built)
    if job.kind == JobKind.TEST:
        _mark_tested(session, job, judged.verdict or said.outcome)
    flakes.count(farm, session, job, attempt, said)
    values = {"message": said.message, "failing": found.failing, "failure": ""} | judged.values()
    due = found.due and not judged.excused
    event = JobEvent.ANSWER if job.kind == JobKind.CONTROL else judged.event or JobEvent.PASS
    move(
        farm, session, job, event, outcome=said.outcome.value, phase=said.phase, due=due,
        compared=_answered(farm, session, job, found), **values,
    )  # fmt: skip
    known_failures.passed(session, job)
    learn(farm, session, job, attempt, said.peak_memory_bytes)


def _fail(
    farm: Farm, session: Session, job: JobRow, attempt: AttemptRow, found: _Findings, judged: Judged,
    decision: Decision, ended: Ended,
) -> None:  # fmt: skip
    if decision.failure in OURS or ended.lost:
        draining.note_loss(farm, session, attempt.worker, job.public)
    else:
        draining.note_end(session, attempt.worker)
    if not decision.repeats and not ended.lost:
        if job.kind == JobKind.TEST:
            _mark_tested(session, job, ended.outcome)
        flakes.count(farm, session, job, attempt, found.said)
        known_failures.remember(farm, session, job, decision, ended)
        if job.kind in TESTS:
            kept = failed_values(decision, ended) | judged.values()
            return _fail_test(farm, session, job, found, ended, kept)
    return follow(farm, session, job, decision, ended, event=judged.event, **judged.values())


def _fail_test(
    farm: Farm, session: Session, job: JobRow, found: _Findings, ended: Ended, values: dict[str, Any]
) -> None:  # fmt: skip
    """Tests that do not pass whatever is done: a regression, none, or an open question."""
    run = baselines.run_of(job, found.said, found.signatures)
    stand = baselines.stand(farm, session, job, run)
    baselines.remember(farm, session, job, run)
    if stand is None:
        move(farm, session, job, JobEvent.ANSWER, compared={"run": to_json(Run, run)}, **values)
    elif stand.comparison is None:
        baselines.begin(farm, session, job, stand.file, run, **values)
    elif stand.comparison.excuses:
        baselines.excuse(session, job, stand.comparison)
        move(farm, session, job, JobEvent.FAIL_AS_BEFORE, compared=baselines.compared(stand.comparison), **values)
    else:
        due = baselines.escalates(job, run.outcome)
        end(farm, session, job, ended, due=due, compared=baselines.compared(stand.comparison), **values)


def _answered(farm: Farm, session: Session, job: JobRow, found: _Findings) -> dict[str, object]:
    """How tests that stop nothing went: others may be held against it."""
    if job.kind not in (JobKind.TEST, JobKind.CONTROL):
        return {}
    run = baselines.run_of(job, found.said, found.signatures)
    baselines.remember(farm, session, job, run)
    return {"run": to_json(Run, run)} if job.kind == JobKind.CONTROL else {}


def _stage(farm: Farm, session: Session, job: JobRow, built: list[Built]) -> None:
    batch = job.batch_id
    rows = [
        artifacts.add_artifact(
            session, each.artifact, batch, job.id or 0, farm.now(), interface=each.interface,
            difference={} if job.stage else to_json(Difference, each.difference), stage=job.stage,
        )
        for each in built
    ]  # fmt: skip
    why = f"{job.public} built {job.name}"
    channels.publish(farm, session, staging(f"B-{batch}"), rows, batch_id=batch, who="farm", why=why)


def _mark_tested(session: Session, job: JobRow, verdict: str) -> None:
    subdir, file_name = job.artifact.split("/", 1)
    row = artifacts.find_file(session, subdir, file_name)
    if row is not None:
        row.verdict, row.excused = str(verdict), {}
        session.add(row)
