"""Package files read as streams, as if they came from an enemy: nothing of them is ever written to the disk.

A worker runs code that strangers wrote, and what it uploads will be unpacked by everyone who installs it. So
whatever could reach outside the prefix, or differ from one unpacker to the next, is refused here.
"""

import bz2
import io
import struct
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

import zstandard

from controller.domain.errors import ArtifactRefusedError

_STEP = 1 << 18
_WINDOW = 1 << 27
"""The largest window of zstd level 22, and so the most memory that unpacking may ask for."""
_KINDS = {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE}
_HEADERS = {
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
}  # fmt: skip
_CASELESS = ("noarch", "osx-", "win-")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a package may be at most; sizes in bytes."""

    members: int = 500_000
    unpacked: int = 64 << 30
    ratio: int = 1000
    """Unpacked against packed size, once ``free`` bytes have come out."""
    free: int = 64 << 20
    document: int = 16 << 20
    """One file of ``info/`` that is read."""
    header: int = 1 << 16
    """One extended tar header: names are read into memory whole."""
    hops: int = 40
    """Links behind one another."""


LIMITS = Limits()
Wanted = Callable[[str], bool]


def read_documents(
    path: Path, subdir: str, file_name: str, wanted: Wanted, limits: Limits = LIMITS
) -> dict[str, bytes]:
    """Check every member of a .conda or .tar.bz2 and return the ``wanted`` ones by their path.

    ``path`` may bear any name; ``file_name`` says what the file claims to be. Raises ArtifactRefusedError.
    """
    members = Members(subdir, limits, wanted)
    with _refusing(file_name), path.open("rb") as file:
        read = _read_conda if file_name.endswith(".conda") else _read_tar_bz2
        read(file, file_name, members)
        members.check_links()
    return members.documents


class Members:
    """What was met so far in one package, over both its tarballs."""

    def __init__(self, subdir: str, limits: Limits, wanted: Wanted) -> None:
        self.documents: dict[str, bytes] = {}
        self.limits = limits
        self._wanted = wanted
        self._caseless = subdir.startswith(_CASELESS)
        self._names: set[str] = set()
        self._folders: set[str] = set()
        self._files: set[str] = set()
        self._links: dict[str, str] = {}

    def read(self, tar: tarfile.TarFile, part: str) -> None:
        """Take in all members. ``part`` is ``info`` or ``pkg`` of a .conda, empty for the single tarball."""
        for member in tar:
            tar.members = []  # type: ignore[attr-defined]  # a stream keeps every header otherwise
            name = _safe_name(member)
            if name:
                self._check_part(name, part)
                self._add(member, name)
                self._keep(tar, member, name)

    def check_links(self) -> None:
        """No link may lead out of the prefix, also not through another link; nothing may lie below a file."""
        if below := self._folders & (self._files | self._links.keys()):
            raise _refusal(f"Members lie below {_show(min(below))}, which is no folder")
        for name, target in self._links.items():
            self._resolve(PurePosixPath(name).parent.parts, target, name)

    def _check_part(self, name: str, part: str) -> None:
        inside = name == "info" or name.startswith("info/")
        if part and inside != (part == "info"):
            raise _refusal(f"{_show(name)} lies in the {part}- tarball")

    def _key(self, name: str) -> str:
        """What the file system of the subdir takes for the same name."""
        return unicodedata.normalize("NFC", name.casefold()) if self._caseless else name

    def _add(self, member: tarfile.TarInfo, name: str) -> None:
        key = self._key(name)
        if member.isdir() and key in self._folders:
            return
        if key in self._names:
            raise _refusal(f"{_show(name)} is there twice")
        if len(self._names) >= self.limits.members:
            raise _refusal(f"It has more than {self.limits.members} members")
        self._names.add(key)
        self._sort_in(member, key)

    def _sort_in(self, member: tarfile.TarInfo, key: str) -> None:
        self._folders.update(str(folder) for folder in PurePosixPath(key).parents)
        if member.isdir():
            self._folders.add(key)
        elif member.issym():
            self._links[key] = _safe_target(member)
        else:
            self._check_hard_link(member)
            self._files.add(key)

    def _check_hard_link(self, member: tarfile.TarInfo) -> None:
        """A hard link may only repeat a file that came before it in this package."""
        if member.islnk() and self._key(str(PurePosixPath(member.linkname))) not in self._files:
            raise _refusal(f"{_show(member.name)} is a hard link to {_show(member.linkname)}, no file of the package")

    def _keep(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        if not self._wanted(name):
            return
        content = tar.extractfile(member) if member.isreg() else None
        if content is None:
            raise _refusal(f"{_show(name)} is not a plain file")
        if member.size > self.limits.document:
            raise _refusal(f"{_show(name)} has {member.size} bytes, more than {self.limits.document}")
        self.documents[name] = content.read()

    def _resolve(self, at: tuple[str, ...], target: str, link: str) -> None:
        """Walk as the system would, from the folder ``at``."""
        todo, place, hops = list(reversed(target.split("/"))), list(at), 0
        while todo:
            part = todo.pop()
            if part == ".." and not place:
                raise _refusal(f"{_show(link)} links out of the prefix")
            if part == "..":
                place.pop()
            elif part not in ("", "."):
                place.append(part)
                hops += self._follow(place, todo, hops, link)

    def _follow(self, place: list[str], todo: list[str], hops: int, link: str) -> int:
        further = self._links.get(self._key("/".join(place)))
        if further is None:
            return 0
        if hops >= self.limits.hops:
            raise _refusal(f"{_show(link)} is a link in a circle")
        place.pop()
        todo.extend(reversed(further.split("/")))
        return 1


def _read_conda(file: BinaryIO, file_name: str, members: Members) -> None:
    stem = file_name.removesuffix(".conda")
    with zipfile.ZipFile(file) as outer:
        entries = _check_zip(outer, file, stem)
        if entries["metadata.json"].file_size > _STEP:
            raise _refusal("metadata.json is too large")
        if b"2" not in outer.read("metadata.json"):
            raise _refusal("metadata.json does not name format version 2")
        for part in ("info", "pkg"):
            entry = entries[f"{part}-{stem}.tar.zst"]
            with outer.open(entry) as packed:
                _read_zst(packed, entry.file_size, part, members)


def _check_zip(outer: zipfile.ZipFile, file: BinaryIO, stem: str) -> dict[str, zipfile.ZipInfo]:
    """The three entries, with nothing between them: some clients read the directory, others the stream."""
    entries = {entry.filename: entry for entry in outer.infolist()}
    expected = {"metadata.json", f"info-{stem}.tar.zst", f"pkg-{stem}.tar.zst"}
    if entries.keys() != expected or len(outer.infolist()) != len(expected):
        raise _refusal(f"The zip holds {_show(', '.join(sorted(entries)))} instead of {', '.join(sorted(expected))}")
    place = 0
    for entry in sorted(entries.values(), key=lambda entry: entry.header_offset):
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & ~0x800 or entry.header_offset != place:
            raise _refusal(f"{_show(entry.filename)} is not simply stored in the zip")
        place = _end_of(file, entry)
    if place != outer.start_dir:
        raise _refusal("The zip holds bytes that belong to no entry")
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
            raise _refusal("It unpacks to far more than its size allows")
        return data


def _tar_info(limits: Limits) -> type[tarfile.TarInfo]:
    """Headers that are refused before the library reads their payload into memory or walks backwards."""

    class Header(tarfile.TarInfo):
        def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
            if self.size < 0 or (self.type in _HEADERS and self.size > limits.header):
                raise _refusal(f"A header of {self.size} bytes stands in a tarball")
            if self.type not in _HEADERS | _KINDS:
                raise _refusal(f"{_show(self.name)} is neither file, folder nor link")
            return cast("tarfile.TarInfo", super()._proc_member(tar))  # type: ignore[misc]

    return Header


def _check_rest(stream: IO[bytes]) -> None:
    """After the end only padding: what stands there is seen by some unpackers and not by others."""
    while data := stream.read(_STEP):
        if data.strip(b"\0"):
            raise _refusal("Bytes follow after the end of a tarball")


def _safe_name(member: tarfile.TarInfo) -> str:
    """The member's path, normalised; empty for the root folder itself."""
    name = member.name
    if member.isreg() and member.mode & 0o6000:
        raise _refusal(f"{_show(name)} is setuid or setgid")
    if any(key.startswith("GNU.sparse") for key in member.pax_headers):
        raise _refusal(f"{_show(name)} is a sparse file")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or _strange(name):
        raise _refusal(f"{_show(name)} is no path inside the package")
    return "" if str(path) == "." and member.isdir() else str(path)


def _safe_target(member: tarfile.TarInfo) -> str:
    target = member.linkname
    if not target or target.startswith("/") or _strange(target):
        raise _refusal(f"{_show(member.name)} links to {_show(target)}")
    return target


def _strange(name: str) -> bool:
    """Backslashes and drives are paths on Windows; control characters deceive whoever reads the name."""
    return not name or "\\" in name or name[1:2] == ":" or any(ord(c) < 32 or ord(c) == 127 for c in name)


def _show(name: str) -> str:
    return ascii(name[:200])


def _refusal(what: str) -> ArtifactRefusedError:
    return ArtifactRefusedError(f"{what}.", remedy="Build the package again with an unaltered builder.")


@contextmanager
def _refusing(file_name: str) -> Iterator[None]:
    """Whatever a reader stumbles over is the file's fault, and is said with the file's name."""
    try:
        yield
    except ArtifactRefusedError as error:
        raise ArtifactRefusedError(f"{_show(file_name)} is refused: {error.what}", remedy=error.remedy) from None
    except (
        tarfile.TarError, zipfile.BadZipFile, zstandard.ZstdError, struct.error, EOFError, ValueError, OverflowError,
        NotImplementedError, RuntimeError, OSError, MemoryError,
    ) as error:  # fmt: skip
        cause = _refusal(f"It cannot be read as a package ({type(error).__name__}: {error})")
        raise ArtifactRefusedError(f"{_show(file_name)} is refused: {cause.what}", remedy=cause.remedy) from error
