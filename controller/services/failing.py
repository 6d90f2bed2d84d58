"""A try that did not pass: what it was, and what becomes of its job. The one place that puts a job back."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from controller.domain.failures import Decision, FailureClass, NextAct
from controller.domain.jobs import JobEvent, JobKind
from controller.planning.diagnosis import diagnose
from controller.planning.failing import Facts, Hands, Past, decide, next_larger
from controller.services.consequences import move
from controller.services.farm import Farm
from controller.services.matching import raised
from controller.storage import jobs, workers
from controller.storage.database import Session
from controller.storage.jobs import AttemptRow, JobRow
from controller.storage.workers import WorkerRow
from workers.contract.reports import Outcome


@dataclass(frozen=True, slots=True)
class Ended:
    """How a try ended, with the failing lines of its log."""

    outcome: Outcome
    phase: str = ""
    message: str = ""
    failing: list[dict[str, Any]] = field(default_factory=list)

    @property
    def lost(self) -> bool:
        """Whether the worker was lost over it, or said that the fault was its own."""
        return self.outcome is Outcome.INFRASTRUCTURE


def judge(farm: Farm, session: Session, job: JobRow, attempt: AttemptRow, ended: Ended) -> Decision:
    """What this try was and what follows; nothing is written."""
    facts = Facts(
        JobKind(job.kind), ended.outcome, ended.phase, tuple(line["kind"] for line in ended.failing),
        tuple(line.kind for line in diagnose(ended.message.splitlines())),
    )  # fmt: skip
    hands = _hands(farm, session, job.pool, attempt.worker)
    return decide(facts, _past(session, job, attempt), hands, farm.rules.max_attempts)


def _past(session: Session, job: JobRow, attempt: AttemptRow) -> list[Past]:
    return [
        Past(FailureClass(row.failure), NextAct(row.act), lost=row.state == "lost")
        for row in jobs.attempts_of(session, job.id or 0)
        if row.failure and job.tried < row.lease < attempt.lease
    ]


def _hands(farm: Farm, session: Session, pool: str, worker: str) -> Hands:
    serving = workers.serving(session, farm.database.clock(session) - timedelta(seconds=3 * farm.rules.lease_seconds))
    memory: dict[str, int] = {}
    for row in serving:
        for name in row.pools:
            memory[name] = min(_memory(row), memory.get(name, _memory(row)))
    beside = [row for row in serving if row.name != worker and pool in row.pools]
    own = max((_memory(row) for row in serving if row.name == worker), default=0)
    roomier = min((_memory(row) for row in beside if own and _memory(row) > own), default=0)
    return Hands(worker, others=bool(beside), larger=next_larger(pool, memory), roomier=roomier)


def _memory(row: WorkerRow) -> int:
    return int(row.machine.get("memory_bytes", 0))


def told(decision: Decision) -> dict[str, str]:
    """What an attempt keeps of it."""
    return {"failure": decision.failure.value, "act": decision.act.value, "act_reason": decision.reason}


def follow(
    farm: Farm, session: Session, job: JobRow, decision: Decision, ended: Ended, *, event: JobEvent | None = None,
    **kept: Any,
) -> None:  # fmt: skip
    """Put the job back as decided, or end it: by ``event``, where that is not what the try alone would tell."""
    values = failed_values(decision, ended) | ({"losses": job.losses + 1} if ended.lost else {})
    if decision.repeats:
        back = JobEvent.LOSE if ended.lost else JobEvent.REPEAT
        move(farm, session, job, back, **values | _wishes(farm, session, job, decision) | {"phase": ""})
    else:
        end(farm, session, job, ended, event, **values | kept)


def failed_values(decision: Decision, ended: Ended) -> dict[str, Any]:
    """What a job keeps of a try that did not pass."""
    values: dict[str, Any] = {"failure": decision.failure.value, "message": ended.message}
    if ended.lost:
        return values | {"phase": ""}
    return values | {"outcome": ended.outcome.value, "phase": ended.phase, "failing": ended.failing}


def end(
    farm: Farm, session: Session, job: JobRow, ended: Ended, event: JobEvent | None = None, **values: Any
) -> None:  # fmt: skip
    """A job that is not tried again ends as its last try did, or by ``event``."""
    move(farm, session, job, event or _end(ended), **values)


def _wishes(farm: Farm, session: Session, job: JobRow, decision: Decision) -> dict[str, Any]:
    longer = farm.rules.longer_times if decision.act is NextAct.LONGER else job.limit_times
    return {
        "avoid": decision.avoid, "alone": decision.act is NextAct.ALONE, "limit_times": longer,
        "pool": decision.pool or job.pool, "needs_id": raised(session, job.needs_id, decision.memory_bytes),
    }  # fmt: skip


def _end(ended: Ended) -> JobEvent:
    if ended.lost:
        return JobEvent.GIVE_UP
    return JobEvent.CANNOT_SOLVE if ended.outcome is Outcome.UNSOLVABLE else JobEvent.FAIL
