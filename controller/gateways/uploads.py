"""Resumable uploads: bytes kept under an attempt's own name until they are whole and their digest is proven."""

import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.domain.errors import InvalidInputError, UploadError
from controller.gateways.blobs import Blobs

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


class Uploads:
    """One file per upload below ``root``, which should lie on the file system of the blobs.

    The size of the file is the offset, so nothing else has to be kept in step with it and a controller that is
    killed goes on where it was. Several requests may write one upload at once (a worker that tries again while
    its first request still hangs): each chunk is appended only if the file still ends where its writer thinks.
    """

    def __init__(self, root: Path, blobs: Blobs) -> None:
        self._root = root
        self._blobs = blobs

    def offset(self, upload_id: str) -> int:
        """Bytes kept so far; 0 for an upload nobody began, or that was finished or discarded."""
        try:
            return self._path(upload_id).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, upload_id: str, offset: int, chunks: Iterable[bytes], length: int, limit: int) -> int:
        """Keep ``chunks`` from ``offset`` on; returns the bytes kept. They are on the disk when this returns.

        ``length`` is the size of the whole file in bytes, ``limit`` the most that is taken. Raises UploadError
        for another offset than the one kept (the error names it), and for bytes past ``length``; what came
        before the fault stays kept.
        """
        if not 0 <= length <= limit:
            raise UploadError(f"A file of {length} bytes is not taken: the limit is {limit} bytes.")
        with self._opened(upload_id) as handle:
            for chunk in chunks:
                offset = self._append_one(upload_id, handle, offset, chunk, length)
            with _locked(handle):
                self._expect(upload_id, handle, offset)
            os.fsync(handle)
        return offset

    def finish(self, upload_id: str, sha256: str) -> None:
        """Prove the digest and move the file into the blobs. Doing it again does nothing.

        Raises UploadError if nothing is kept, or if the bytes are not ``sha256``; those are deleted, since no
        more bytes could make them right.
        """
        try:
            with self._opened(upload_id, os.O_RDWR) as handle, _locked(handle):
                self._adopt(upload_id, sha256)
        except FileNotFoundError:
            self._expect_blob(sha256)

    def discard(self, upload_id: str) -> None:
        """Forget what was kept. Doing it again does nothing."""
        self._path(upload_id).unlink(missing_ok=True)

    def _path(self, upload_id: str) -> Path:
        if not _ID.fullmatch(upload_id):
            raise InvalidInputError(f"{upload_id[:80]!r} is not the name of an upload.")
        return self._root / upload_id

    @contextmanager
    def _opened(self, upload_id: str, flags: int = os.O_RDWR | os.O_CREAT) -> Iterator[int]:
        self._root.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path(upload_id), flags, 0o600)
        try:
            yield handle
        finally:
            os.close(handle)

    def _append_one(self, upload_id: str, handle: int, offset: int, chunk: bytes, length: int) -> int:
        with _locked(handle):
            self._expect(upload_id, handle, offset)
            if offset + len(chunk) > length:
                raise UploadError(
                    f"More bytes than the {length} that were announced.", remedy=f"{offset} bytes are kept."
                )
            return offset + _write_all(handle, chunk, offset)

    def _expect(self, upload_id: str, handle: int, offset: int) -> None:
        """The file must be the one that bears the name, and must end at ``offset``.

        A finished upload is a blob by now, with its writer's handle still open on it.
        """
        kept = os.fstat(handle)
        try:
            named = self._path(upload_id).stat()
        except FileNotFoundError:
            raise UploadError(
                "The upload was finished or discarded meanwhile.", remedy="Ask where it stands."
            ) from None
        if not os.path.samestat(kept, named) or kept.st_size != offset:
            raise UploadError(
                f"Offset {offset} does not follow what is kept.", remedy=f"Go on from {named.st_size} bytes."
            )

    def _adopt(self, upload_id: str, sha256: str) -> None:
        try:
            self._blobs.adopt(self._path(upload_id), sha256)
        except UploadError:
            self.discard(upload_id)
            raise

    def _expect_blob(self, sha256: str) -> None:
        if not self._blobs.exists(sha256):
            raise UploadError(f"Nothing is kept of {sha256}.", remedy="Send it from the beginning.")


@contextmanager
def _locked(handle: int) -> Iterator[None]:
    """Alone on this file, among threads and processes: the lock belongs to the open file, not to the process."""
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _write_all(handle: int, data: bytes, offset: int) -> int:
    view = memoryview(data)
    written = 0
    while written < len(data):
        written += os.pwrite(handle, view[written:], offset + written)
    return written
