"""Logs of attempts: lines by number, and the raw bytes."""

from collections.abc import Iterator

from controller.domain.errors import InvalidInputError, NotFoundError
from controller.domain.jobs import AttemptState
from controller.services.answers.shapes import LogLines
from controller.services.farm import Farm
from controller.storage import jobs
from controller.storage.jobs import AttemptRow

MOST = 5_000
"""Lines of one answer."""
_STEP = 1 << 20


def log_lines(farm: Farm, job: str, attempt: int | None, first: int, count: int) -> LogLines:
    """Lines of an attempt's log, the newest attempt's if none is named. Raises NotFoundError."""
    row = _attempt(farm, job, attempt)
    if first < 1 or not 1 <= count <= MOST:
        raise InvalidInputError("No such lines.", remedy=f"Lines count from 1; an answer has at most {MOST}.")
    total = farm.logs.line_count(row.id)
    found = tuple(farm.logs.lines(row.id, first, count)) if first <= total else ()
    ended = row.state != AttemptState.LEASED
    return LogLines(attempt=row.id, first=first, lines=found, total=max(total, first - 1 + len(found)), ended=ended)


def raw_log(farm: Farm, job: str, attempt: int | None) -> Iterator[bytes]:
    """The bytes as the worker sent them."""
    name = _attempt(farm, job, attempt).id
    size = farm.logs.size(name)
    return (farm.logs.read(name, start, min(start + _STEP, size)) for start in range(0, size, _STEP))


def _attempt(farm: Farm, job: str, lease: int | None) -> AttemptRow:
    with farm.reading() as session:
        tries = jobs.attempts_of(session, jobs.find_job(session, job).id or 0)
    wanted = [row for row in tries if lease in (None, row.lease)]
    if not wanted:
        what = f"attempt {lease}" if lease is not None else "attempt yet, and so no log"
        raise NotFoundError(f"{job} has no {what}.", remedy=f"See `farm job view {job}`.")
    return wanted[-1]
