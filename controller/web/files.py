"""Channels and the store as conda clients see them."""

from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Header, Path, Response, status
from fastapi.responses import FileResponse

from controller.domain.errors import NotFoundError
from controller.services import serving
from controller.services.serving import Served
from controller.web.asking import AskedFarm

router = APIRouter(include_in_schema=False)

_MEDIA = {".json": "application/json", ".zst": "application/zstd"}
_FOREVER = "public, max-age=31536000, immutable"
Known = Annotated[str | None, Header(alias="If-None-Match")]
Part = Annotated[str, Path(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+!-]*$", max_length=255)]


@router.api_route("/store/{subdir}/{file_name}", methods=["GET", "HEAD"])
def store_file(subdir: Part, file_name: Part, farm: AskedFarm, known: Known = None) -> Response:
    """A package file of the store."""
    return _send(serving.stored_file(farm, subdir, file_name), file_name, known)


@router.api_route("/channels/{channel:path}/{subdir}/shards/{file_name}", methods=["GET", "HEAD"])
def shard_file(file_name: Part, farm: AskedFarm, known: Known = None) -> Response:
    """A shard of a channel's index, by its digest alone."""
    return _send(serving.shard_file(farm, file_name), file_name, known)


@router.api_route("/channels/{channel:path}/{subdir}/{file_name}", methods=["GET", "HEAD"])
def channel_file(channel: str, subdir: Part, file_name: Part, farm: AskedFarm, known: Known = None) -> Response:
    """A file of a channel as it is now, or of one of its snapshots: ``/channels/stable@4/linux-64/repodata.json``."""
    name, number = split_snapshot(channel)
    return _send(serving.channel_file(farm, name, number, subdir, file_name), file_name, known)


def split_snapshot(channel: str) -> tuple[str, int | None]:
    """``stable@4`` is snapshot 4 of stable; plain ``stable`` is whatever its pointer shows."""
    name, at, number = channel.partition("@")
    if at and not (number.isdigit() and len(number) < 10):
        raise NotFoundError(f"'{channel}' is no channel.", remedy="Write stable, or stable@4 for its snapshot 4.")
    return name, int(number) if at else None


def _send(file: Served, file_name: str, known: str | None) -> Response:
    headers = {"Cache-Control": _FOREVER if file.settled else "no-cache"}
    if file.digest:
        headers["ETag"] = f'"{file.digest}"'
    if known and file.digest and headers["ETag"] in known:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    media = _MEDIA.get(PurePosixPath(file_name).suffix, "application/octet-stream")
    if file.path is None:
        return Response(file.data, headers=headers, media_type=media)
    return FileResponse(file.path, headers=headers, media_type=media)
