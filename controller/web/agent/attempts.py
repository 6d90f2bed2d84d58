"""The life of an attempt: heart, log, files, report. With the attempt's own token."""

from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Path, Request, Response, status
from fastapi.responses import FileResponse

from controller.domain.errors import UploadError
from controller.services import leases, results, transfers
from controller.services.farm import Farm
from controller.web.asking import AskedFarm
from controller.web.bodies import LARGE, blocks, small_body
from controller.web.guards import AttemptToken
from controller.web.problems import of_farm
from workers.contract import paths
from workers.contract.leases import Heartbeat, HeartbeatAnswer
from workers.contract.reports import Receipt, Report

router = APIRouter(tags=["agent"])

Attempt = Annotated[str, Path(pattern=r"^J-[0-9]{1,18}\.[0-9]{1,9}$")]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Offset = Annotated[int, Header(alias=paths.OFFSET_HEADER, ge=0)]
Length = Annotated[int, Header(alias=paths.LENGTH_HEADER, ge=0)]


@router.post(paths.heartbeat("{attempt}"))
def attempt_beat(attempt: Attempt, beat: Heartbeat, token: AttemptToken, farm: AskedFarm) -> HeartbeatAnswer:
    """Renew the lease, or hear that it is over."""
    return leases.heartbeat(farm, attempt, token, beat)


@router.post(paths.report("{attempt}"))
def attempt_report(attempt: Attempt, said: Report, token: AttemptToken, farm: AskedFarm) -> Receipt:
    """Take the end of an attempt; the same report again gets the same receipt."""
    return results.report(farm, attempt, token, said)


@router.post(paths.log("{attempt}"), status_code=status.HTTP_204_NO_CONTENT)
def log_append(
    attempt: Attempt, token: AttemptToken, farm: AskedFarm, offset: Offset, data: Annotated[bytes, Depends(small_body)]
) -> Response:
    """Keep bytes of the log."""
    answer = _offset(transfers.append_log(farm, attempt, token, offset, data))
    answer.headers[paths.PACE_HEADER] = f"{transfers.log_pace(farm):g}"
    return answer


@router.head(paths.upload("{attempt}", "{sha256}"))
def upload_look(attempt: Attempt, sha256: Digest, token: AttemptToken, farm: AskedFarm) -> Response:
    """How many bytes of an upload are kept."""
    return _offset(transfers.upload_offset(farm, attempt, token, sha256), status.HTTP_200_OK)


@router.patch(paths.upload("{attempt}", "{sha256}"), status_code=status.HTTP_204_NO_CONTENT, max_body_size=LARGE)
async def upload_append(
    attempt: Attempt, sha256: Digest, token: AttemptToken, farm: AskedFarm, offset: Offset, length: Length,
    request: Request,
) -> Response:  # fmt: skip
    """Append bytes to an upload; they go to the disk as they come, and never stand in memory whole."""
    take = partial(transfers.append_upload, farm, attempt, token, sha256, offset, length, blocks(request))
    try:
        return _offset(await to_thread.run_sync(take))
    except UploadError as error:
        kept = await to_thread.run_sync(partial(_kept, farm, attempt, token, sha256))
        return of_farm(error, **{paths.OFFSET_HEADER: str(kept)}).response()


@router.get(paths.blob("{attempt}", "{sha256}"), response_class=FileResponse)
def blob_fetch(attempt: Attempt, sha256: Digest, token: AttemptToken, farm: AskedFarm) -> FileResponse:
    """A blob that the attempt's order names, such as its recipe's source."""
    path = transfers.source_blob(farm, attempt, token, sha256)
    return FileResponse(path, media_type="application/octet-stream")


def _kept(farm: Farm, attempt: str, token: str, sha256: str) -> int:
    return transfers.upload_offset(farm, attempt, token, sha256)


def _offset(kept: int, code: int = status.HTTP_204_NO_CONTENT) -> Response:
    return Response(status_code=code, headers={paths.OFFSET_HEADER: str(kept), "Cache-Control": "no-store"})
