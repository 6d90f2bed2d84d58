"""The content-addressed store: a file is known by the sha256 of its bytes, is written once and never changes."""

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from controller.domain.errors import InvalidInputError, NotFoundError, UploadError

_DIGEST = re.compile(r"[0-9a-f]{64}")
_STEP = 1 << 20


class Blobs:
    """Files below ``root/sha256/ab/cd/<hex>``. Safe for many processes at once, on one file system.

    A name appears only when its bytes are whole, checked and on the disk: whoever can see a blob can read it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root / "sha256"
        self._scratch = root / "scratch"

    def path(self, sha256: str) -> Path:
        """Where the blob lies, or would lie. Raises InvalidInputError for what is no digest."""
        if not _DIGEST.fullmatch(sha256):
            raise InvalidInputError(
                f"{sha256[:80]!r} is not a sha256 digest.", remedy="Give 64 lower-case hexadecimal digits."
            )
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def put_bytes(self, data: bytes) -> str:
        """Keep ``data``; returns its sha256. Keeping the same bytes again does nothing."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._holds(sha256, len(data)):
            with self._scratch_file() as part:
                part.write_bytes(data)
                self._place(part, sha256)
        return sha256

    def adopt(self, path: Path, sha256: str) -> None:
        """Move the finished file ``path`` in; it is gone from its old place afterwards.

        The file is hashed again here. Raises UploadError, and leaves the file, if it is not ``sha256``.
        """
        with path.open("rb") as file:
            found = digest_of(file)
        if found != sha256:
            raise UploadError(f"The file is {found}, not {sha256} as said.", remedy="Send it again from the beginning.")
        if self._holds(sha256, path.stat().st_size):
            path.unlink()
            return
        self._take_in(path, sha256)

    def open(self, sha256: str) -> BinaryIO:
        """The blob, open for reading. Raises NotFoundError."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError:
            raise self._missing(sha256) from None

    def read(self, sha256: str) -> bytes:
        """All bytes of the blob. Raises NotFoundError."""
        with self.open(sha256) as file:
            return file.read()

    def exists(self, sha256: str) -> bool:
        """Whether the blob is kept, as far as its name says; ``verify`` looks inside."""
        return self.path(sha256).is_file()

    def size(self, sha256: str) -> int:
        """Bytes of the blob. Raises NotFoundError."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            raise self._missing(sha256) from None

    def verify(self, sha256: str) -> bool:
        """Whether the bytes on the disk are still what the name says. Raises NotFoundError."""
        with self.open(sha256) as file:
            return digest_of(file) == sha256

    def _holds(self, sha256: str, size: int) -> bool:
        """A file of another size was damaged from outside, and is replaced rather than trusted."""
        target = self.path(sha256)
        return target.is_file() and target.stat().st_size == size

    @contextmanager
    def _scratch_file(self) -> Iterator[Path]:
        self._scratch.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._scratch)
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _take_in(self, path: Path, sha256: str) -> None:
        try:
            self._place(path, sha256)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy_in(path, sha256)

    def _copy_in(self, path: Path, sha256: str) -> None:
        """From another file system: the copy is checked again, since it is other bytes on another disk."""
        with self._scratch_file() as part:
            shutil.copyfile(path, part)
            self.adopt(part, sha256)
        path.unlink()

    def _place(self, part: Path, sha256: str) -> None:
        target = self.path(sha256)
        _make_folder(target.parent)
        part.chmod(0o644)
        sync(part)
        part.replace(target)
        sync(target.parent)

    def _missing(self, sha256: str) -> NotFoundError:
        return NotFoundError(
            f"The store holds no {sha256}.", remedy="It was never uploaded, or it was collected as unused."
        )


def digest_of(file: BinaryIO) -> str:
    """The sha256 of all that ``file`` still has to give."""
    total = hashlib.sha256()
    while data := file.read(_STEP):
        total.update(data)
    return total.hexdigest()


def sync(path: Path) -> None:
    """Bring a file or a folder to the disk itself. Windows cannot open folders, and needs it less."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_folder(folder: Path) -> None:
    """Make ``folder``, with each new name in it as durable as the blob is going to be."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync(folder.parent)
