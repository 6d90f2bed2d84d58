"""Package files read as streams, as if they came from an enemy: nothing of them is ever written to the disk.

What may stand in them is said in ``members``; here is how they are wrapped, and what reading them may cost.
"""

import bz2
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

import zstandard

from controller.domain.errors import ArtifactRefusedError, NotFoundError
from controller.gateways.members import LIMITS, Limits, Members, Wanted, refusal, show

_STEP = 1 << 18
_WINDOW = 1 << 27
"""The largest window of zstd level 22, and so the most memory that unpacking may ask for."""
_FORMAT = {"conda_pkg_format_version": 2}
_KINDS = {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE}
_HEADERS = {
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
}  # fmt: skip


def read_members(path: Path, subdir: str, file_name: str, wanted: Wanted, limits: Limits = LIMITS) -> Members:
    """Check every member of a .conda or .tar.bz2; the ``wanted`` ones are its documents, by their path.

    ``path`` may bear any name; ``file_name`` says what the file claims to be. Raises ArtifactRefusedError,
    and NotFoundError if nothing lies at ``path``.
    """
    if not path.is_file():
        raise NotFoundError(f"{show(file_name)} is not in the store.", remedy="Upload it before it is reported.")
    members = Members(subdir, limits, wanted)
    with _refusing(file_name), path.open("rb") as file:
        read = _read_conda if file_name.endswith(".conda") else _read_tar_bz2
        read(file, file_name, members)
        members.check_links()
    return members


def _read_conda(file: BinaryIO, file_name: str, members: Members) -> None:
    stem = file_name.removesuffix(".conda")
    with zipfile.ZipFile(file) as outer:
        entries = _check_zip(outer, file, stem)
        if entries["metadata.json"].file_size > _STEP:
            raise refusal("metadata.json is too large")
        if json.loads(outer.read("metadata.json")) != _FORMAT:
            raise refusal("metadata.json does not name format version 2")
        for part in ("info", "pkg"):
            entry = entries[f"{part}-{stem}.tar.zst"]
            with outer.open(entry) as packed:
                _read_zst(packed, entry.file_size, part, members)


def _check_zip(outer: zipfile.ZipFile, file: BinaryIO, stem: str) -> dict[str, zipfile.ZipInfo]:
    """The three entries, with nothing between them: some clients read the directory, others the stream."""
    entries = {entry.filename: entry for entry in outer.infolist()}
    expected = {"metadata.json", f"info-{stem}.tar.zst", f"pkg-{stem}.tar.zst"}
    if entries.keys() != expected or len(outer.infolist()) != len(expected):
        raise refusal(f"The zip holds {show(', '.join(sorted(entries)))} instead of {', '.join(sorted(expected))}")
    place = 0
    for entry in sorted(entries.values(), key=lambda entry: entry.header_offset):
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & ~0x800 or entry.header_offset != place:
            raise refusal(f"{show(entry.filename)} is not simply stored in the zip")
        place = _end_of(file, entry)
    if place != outer.start_dir:
        raise refusal("The zip holds bytes that belong to no entry")
    return entries


def _end_of(file: BinaryIO, entry: zipfile.ZipInfo) -> int:
    file.seek(entry.header_offset)
    header = struct.unpack("<4s5H3I2H", file.read(30))
    return entry.header_offset + 30 + int(header[9]) + int(header[10]) + entry.compress_size


def _read_zst(packed: IO[bytes], size: int, part: str, members: Members) -> None:
    reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(packed, read_across_frames=True)
    _read_tar(cast("IO[bytes]", reader), size, part, members)


def _read_tar_bz2(file: BinaryIO, _file_name: str, members: Members) -> None:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    with bz2.open(file) as stream:
        _read_tar(cast("IO[bytes]", stream), size, "", members)


def _read_tar(stream: IO[bytes], size: int, part: str, members: Members) -> None:
    measured = _Measured(stream, size, members.limits)
    with tarfile.open(
        fileobj=cast("IO[bytes]", measured), mode="r|", bufsize=_STEP, encoding="utf-8", errors="strict",
        tarinfo=_tar_info(members.limits),
    ) as tar:  # fmt: skip
        members.read(tar, part)
        _check_rest(cast("IO[bytes]", tar.fileobj))


class _Measured:
    """A stream that refuses to give more than the limits allow."""

    def __init__(self, inner: IO[bytes], packed: int, limits: Limits) -> None:
        self._inner = inner
        self._left = min(limits.unpacked, max(limits.free, packed * limits.ratio))

    def read(self, size: int) -> bytes:
        data = self._inner.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise refusal("It unpacks to far more than its size allows")
        return data


def _tar_info(limits: Limits) -> type[tarfile.TarInfo]:
    """Headers that are refused before the library reads their payload into memory or walks backwards."""

    class Header(tarfile.TarInfo):
        def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
            if self.size < 0 or (self.type in _HEADERS and self.size > limits.header):
                raise refusal(f"A header of {self.size} bytes stands in a tarball")
            if self.type not in _HEADERS | _KINDS:
                raise refusal(f"{show(self.name)} is neither file, folder nor link")
            return cast("tarfile.TarInfo", super()._proc_member(tar))  # type: ignore[misc]

    return Header


def _check_rest(stream: IO[bytes]) -> None:
    """After the end only padding: what stands there is seen by some unpackers and not by others."""
    while data := stream.read(_STEP):
        if data.strip(b"\0"):
            raise refusal("Bytes follow after the end of a tarball")


@contextmanager
def _refusing(file_name: str) -> Iterator[None]:
    """Whatever a reader stumbles over is the file's fault, and is said with the file's name."""
    try:
        yield
    except ArtifactRefusedError as error:
        raise ArtifactRefusedError(f"{show(file_name)} is refused: {error.what}", remedy=error.remedy) from None
    except (
        tarfile.TarError, zipfile.BadZipFile, zstandard.ZstdError, struct.error, EOFError, ValueError, OverflowError,
        NotImplementedError, RuntimeError, OSError, MemoryError,
    ) as error:  # fmt: skip
        cause = refusal(f"It cannot be read as a package ({type(error).__name__}: {error})")
        raise ArtifactRefusedError(f"{show(file_name)} is refused: {cause.what}", remedy=cause.remedy) from error
