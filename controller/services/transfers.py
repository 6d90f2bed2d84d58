"""Bytes from a worker: log chunks and uploads, each only under a standing lease."""

from collections.abc import Iterable
from datetime import timedelta

from controller.domain.errors import NotPermittedError
from controller.services.farm import Farm
from controller.services.leases import holder, standing
from controller.storage import jobs
from workers.contract.jobs import BuildOrder

_PIECES_A_SECOND = 100.0
"""Of logs, from all workers. A farm of twenty five shows each line within the usual quarter of a second."""
_COUNTED = timedelta(seconds=10)
"""So long a count of those that work is good enough."""


def append_log(farm: Farm, attempt: str, token: str, offset: int, data: bytes) -> int:
    """Append a chunk; answers how many bytes are kept. Repeating a chunk changes nothing."""
    with farm.reading() as session:
        standing(session, attempt, token)
    size = farm.logs.size(attempt)
    return size if size >= farm.rules.build.log_bytes else farm.logs.append(attempt, offset, data)


def log_pace(farm: Farm) -> float:
    """Seconds that a worker is to wait between two pieces of a log, so that all together send so many a second."""
    now = farm.now()
    if farm.paced is None or not timedelta() <= now - farm.paced[0] <= _COUNTED:
        with farm.reading() as session:
            farm.paced = (now, jobs.count_leased(session) / _PIECES_A_SECOND)
    return round(farm.paced[1], 2)


def upload_offset(farm: Farm, attempt: str, token: str, sha256: str) -> int:
    """How many bytes of this upload are kept; the whole size when it is complete."""
    with farm.reading() as session:
        standing(session, attempt, token)
    return farm.blobs.size(sha256) if farm.blobs.exists(sha256) else farm.uploads.offset(upload_id(attempt, sha256))


def append_upload(
    farm: Farm, attempt: str, token: str, sha256: str, offset: int, length: int, chunks: Iterable[bytes]
) -> int:
    """Append bytes; once complete they are verified and adopted into the store. Answers the bytes kept."""
    with farm.reading() as session:
        standing(session, attempt, token)
    if farm.blobs.exists(sha256):
        return farm.blobs.size(sha256)
    kept = farm.uploads.append(upload_id(attempt, sha256), offset, chunks, length, farm.rules.build.output_bytes)
    if kept == length:
        farm.uploads.finish(upload_id(attempt, sha256), sha256)
    return kept


def upload_id(attempt: str, sha256: str) -> str:
    """The name under which a half-received file is kept."""
    return f"{attempt}-{sha256}"


def source_blob(farm: Farm, attempt: str, token: str, sha256: str) -> str:
    """Path of a blob that the attempt's order names. Raises NotPermittedError for any other."""
    with farm.reading() as session:
        row = holder(session, attempt, token)
        job = jobs.find_job(session, f"J-{row.job_id}")
    if not job.order or BuildOrder.model_validate(job.order).source_sha256 != sha256:
        raise NotPermittedError("This attempt's order does not name that blob.", remedy="Fetch only what is ordered.")
    return str(farm.blobs.path(sha256))
