"""Claim, renew, lose: who may work on what, for how long.

A lease has a number that grows with every attempt of a job. Only the holder of the newest one may write:
the attempt's state stands in the WHERE of every write (``storage.jobs.end_attempt``), so a late worker
changes nothing, whatever it believes. Leases are counted by the database's clock, which all controllers share.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from controller.domain.channels import TESTING, staging
from controller.domain.errors import NotPermittedError, StaleLeaseError
from controller.domain.jobs import AttemptState, JobKind, JobState
from controller.domain.recipes import Output
from controller.services import draining, known_failures, matching
from controller.services.failing import Ended, follow, judge, told
from controller.services.farm import Farm
from controller.services.known_failures import KnownFailureError
from controller.services.opening import planned_file, test_order
from controller.services.workers import check_handshake
from controller.storage import artifacts, claims, events, jobs, workers
from controller.storage.database import Session
from controller.storage.jobs import AttemptRow, JobRow
from controller.storage.tables import from_json
from workers.contract.jobs import BuildOrder, JobSpec, Limits, Order
from workers.contract.leases import Claim, ClaimRequest, Heartbeat, HeartbeatAnswer
from workers.contract.reports import Outcome


def claim(farm: Farm, asked: ClaimRequest) -> Claim | None:
    """Grant the best ready job of the worker's pools, or None when there is none."""
    check_handshake(asked.pools, asked.protocol)
    while True:
        try:
            return _claim(farm, asked)
        except KnownFailureError as found:
            known_failures.end(farm, found.job)


def _claim(farm: Farm, asked: ClaimRequest) -> Claim | None:
    """One try at it. Raises KnownFailureError, with nothing granted."""
    token = farm.new_token()
    with farm.transaction() as session:
        known = workers.maybe_worker(session, asked.worker)
        gives = not draining.is_drained(known)
        minds = claims.conditions(session)
        pools = [pool for pool in asked.pools if pool not in minds.pools]
        wishes = _wishes(farm, session, asked, minds) if gives and pools else None
        job = claims.claim(session, pools, farm.now(), wishes) if wishes else None
        if job is not None:
            known_failures.refuse_known(farm, session, job)
        attempt = _grant(farm, session, job, asked.worker, token) if job else None
        workers.seen(
            session, asked.worker, farm.database.clock_value(session), pools=list(asked.pools),
            machine=asked.machine.model_dump(mode="json"),
            state="busy" if attempt else "idle" if gives else "draining", version=asked.version,
            protocol=asked.protocol, attempt=attempt.id if attempt else "",
        )  # fmt: skip
        if job is None or attempt is None:
            return None
        return Claim(
            attempt=attempt.id, lease=attempt.lease, token=token, lease_seconds=farm.rules.lease_seconds,
            spec=_spec(farm, session, job),
        )  # fmt: skip


def _wishes(farm: Farm, session: Session, asked: ClaimRequest, minds: claims.Conditions) -> claims.Wishes | None:
    """What jobs of this worker's pools wish that concern it; None: a job runs alone on its machine."""
    company: list[bool] = []
    if minds.alone:
        company = jobs.held_by(session, workers.beside(session, asked.worker, asked.machine.host))
    if any(company):
        return None
    since = farm.now() - timedelta(seconds=farm.rules.wish_seconds)
    return claims.Wishes(
        asked.worker,
        beside=bool(company),
        since=since,
        paused=minds.recipes,
        needs=matching.fitting(farm, session, asked.machine, minds.needs),
    )


def _grant(farm: Farm, session: Session, job: JobRow, worker: str, token: str) -> AttemptRow:
    attempt = AttemptRow(
        id=f"{job.public}.{job.attempts}", job_id=job.id or 0, lease=job.attempts, worker=worker,
        state=AttemptState.LEASED.value, token_sha256=_digest(token), leased_at=farm.database.clock_value(session),
        lease_until=farm.lease_end(session),
    )  # fmt: skip
    session.add(attempt)
    batch = f"B-{job.batch_id}"
    events.note(session, farm.now(), "job.state", batch=batch, job=job.public, state=job.state, worker=worker)
    return attempt


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _spec(farm: Farm, session: Session, job: JobRow) -> JobSpec:
    batch = f"B-{job.batch_id}"
    build = job.kind == JobKind.BUILD
    own = () if job.kind == JobKind.CONTROL else (f"/channels/{staging(batch)}",)
    return JobSpec(
        job=job.public, batch=batch, order=_order(session, job),
        channels=(*own, f"/channels/{TESTING}", *farm.rules.upstream),
        limits=_limits(farm.rules.build if build else farm.rules.test, job.limit_times),
        package_format=farm.rules.package_format,
    )  # fmt: skip


def _limits(usual: Limits, times: float) -> Limits:
    """So many times the usual time and silence."""
    longer = {"total_seconds": usual.total_seconds * times, "silence_seconds": usual.silence_seconds * times}
    return usual.model_copy(update=longer)


def _order(session: Session, job: JobRow) -> Order:
    if job.kind == JobKind.BUILD:
        return BuildOrder.model_validate(job.order)
    subdir, file_name = job.artifact.split("/", 1)
    row = artifacts.find_file(session, subdir, file_name)
    if row is None:  # a test is ready only when its file is recorded; see results
        raise StaleLeaseError(f"{job.artifact} is not in the store.", remedy="Retry the job that builds it.")
    return test_order(planned_file(from_json(Output, job.outputs[0])), row.sha256)


def holder(session: Session, attempt: str, token: str, *, lock: bool = False) -> AttemptRow:
    """The attempt, if the token is its own. Says nothing about whether its lease still holds."""
    row = jobs.find_attempt(session, attempt, lock=lock)
    _expect_own(row, token)
    return row


def holder_and_job(session: Session, attempt: str, token: str, *, lock: bool = False) -> tuple[AttemptRow, JobRow]:
    """The same, and its job; ``lock`` holds both."""
    row, job = jobs.attempt_and_job(session, attempt, lock=lock)
    _expect_own(row, token)
    return row, job


def _expect_own(row: AttemptRow, token: str) -> None:
    if not hmac.compare_digest(row.token_sha256, _digest(token)):
        raise NotPermittedError(f"This token is not that of attempt {row.id}.", remedy="Claim a job of your own.")


def standing(session: Session, attempt: str, token: str, *, lock: bool = False) -> AttemptRow:
    """The attempt, if the token is its own and its lease is the newest. Raises StaleLeaseError."""
    row = holder(session, attempt, token, lock=lock)
    if row.state != AttemptState.LEASED:
        raise StaleLeaseError(
            f"The lease of attempt {attempt} is over ({row.state}).", remedy="Drop this work and claim again."
        )
    return row


def heartbeat(farm: Farm, attempt: str, token: str, beat: Heartbeat) -> HeartbeatAnswer:
    """Renew the lease, or say stop."""
    with farm.transaction() as session:
        row = holder(session, attempt, token)
        before = row.phase  # renewing brings the row up to date
        held = jobs.renew(session, attempt, beat.lease, farm.lease_end(session), beat.phase)
        workers.seen(session, row.worker, farm.database.clock_value(session))
        if held and beat.phase and beat.phase != before:
            _note_phase(farm, session, row, beat.phase)
        return HeartbeatAnswer(stop=not held, reason="" if held else f"the lease is over ({row.state})")


def _note_phase(farm: Farm, session: Session, attempt: AttemptRow, phase: str) -> None:
    job = session.get(JobRow, attempt.job_id)
    if job is not None:
        job.phase = phase
        session.add(job)
        events.note(session, farm.now(), "job.state", batch=f"B-{job.batch_id}", job=job.public, state=job.state)


def lose(farm: Farm, attempt: str, why: str, *, lapsed_by: datetime | None = None) -> None:
    """A lease has lapsed, or a worker says the fault was its own: the job goes back, or is quarantined.

    With ``lapsed_by`` only if it had run out by then: it may have been renewed since somebody looked.
    """
    with farm.transaction() as session:
        jobs.lock_batch_of(session, attempt)  # it may be given up, which ends a job
        row = jobs.find_attempt(session, attempt, lock=True)
        if lapsed_by is not None and row.lease_until >= lapsed_by:
            return
        ended = Ended(Outcome.INFRASTRUCTURE, message=why)
        job = jobs.job_by_number(session, row.job_id)
        if job.state != JobState.RUNNING:  # it was taken away, and nothing follows from this try
            jobs.end_attempt(session, row, AttemptState.STOPPED, farm.database.clock_value(session), message=why)
            return
        decision = judge(farm, session, job, row, ended)
        ended_at = farm.database.clock_value(session)
        if jobs.end_attempt(session, row, AttemptState.LOST, ended_at, message=why, **told(decision)):
            draining.note_loss(farm, session, row.worker, job.public)
            follow(farm, session, job, decision, ended)
