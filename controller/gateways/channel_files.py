"""Index files of any channel, brought here only if they changed: over HTTP, or out of a folder.

The compressed form is asked for first. What comes is unpacked to disk as it comes, within bounds of size and time,
so that a channel can neither fill the memory nor hold whoever asks.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import httpx2
import zstandard

from controller.domain.errors import UpstreamError
from controller.domain.upstream import NOTHING_SEEN, Stamp, without_secret

_STEP = 1 << 20
_ABSENT = frozenset({403, 404, 410})
"""Buckets that may not be listed answer 403 for what is not there."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one file may cost."""

    bytes: int = 4 * 1024**3
    """Unpacked. The largest there are have a tenth of it."""
    seconds: float = 300.0
    silence: float = 30.0


BOUNDS = Bounds()


class AbsentError(UpstreamError):
    """The channel has no such file, in no form."""


@dataclass(frozen=True, slots=True)
class ChannelFile:
    """``repodata.json`` or another index file of a subdir of a channel, in whichever form it is there."""

    channel: str
    subdir: str
    name: str
    bounds: Bounds = BOUNDS

    def bring(self, into: Path, known: Stamp = NOTHING_SEEN) -> Stamp | None:
        """Unpack the file to ``into``; None where it is as ``known`` says. Raises UpstreamError, and AbsentError."""
        deadline = time.monotonic() + self.bounds.seconds
        for file in (f"{self.name}.zst", self.name):
            seen = known if known.file == file else NOTHING_SEEN
            with self._opened(file, seen, deadline) as source:
                if source is not None:
                    return source.unpack(into, self) if source.changed else None
        what = f"{without_secret(self.channel)}: it has no {self.subdir}/{self.name}."
        raise AbsentError(what, remedy="Look at its address and at its subdirs.")

    def fault(self, what: str) -> UpstreamError:
        """The error that says so, without what is secret in the address."""
        return UpstreamError(
            f"{without_secret(self.channel)}: {what}.", remedy="Nothing is lost; the channel is asked again by itself."
        )

    @contextmanager
    def _opened(self, file: str, seen: Stamp, deadline: float) -> Iterator["_Source | None"]:
        folder = folder_of(self.channel)
        if folder is not None:
            yield self._in_folder(folder / self.subdir / file, seen)
            return
        address = f"{_address(self.channel)}{self.subdir}/{file}"
        patience = httpx2.Timeout(min(self.bounds.silence, self.bounds.seconds))
        try:
            with (
                httpx2.Client(timeout=patience, follow_redirects=True) as client,
                client.stream("GET", address, headers=_conditions(seen)) as answer,
            ):
                yield self._answered(file, answer, deadline)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self.fault(f"{self.subdir}/{file} cannot be had ({type(error).__name__})") from error

    def _answered(self, file: str, answer: httpx2.Response, deadline: float) -> "_Source | None":
        if answer.status_code in _ABSENT:
            return None
        if answer.status_code == httpx2.codes.NOT_MODIFIED:
            return _Source(NOTHING_SEEN, iter(()), changed=False)
        if answer.status_code != httpx2.codes.OK:
            raise self.fault(f"{self.subdir}/{file} was answered with {answer.status_code}")
        stamp = Stamp(file, answer.headers.get("etag", ""), answer.headers.get("last-modified", ""))
        return _Source(stamp, self._in_time(answer.iter_bytes(), deadline))

    def _in_time(self, chunks: Iterator[bytes], deadline: float) -> Iterator[bytes]:
        for chunk in chunks:
            if time.monotonic() > deadline:
                raise self.fault(f"{self.subdir}/{self.name} took longer than {self.bounds.seconds:.0f} s")
            yield chunk

    def _in_folder(self, path: Path, seen: Stamp) -> "_Source | None":
        try:
            stat = path.stat()
            stamp = Stamp(path.name, f"{stat.st_mtime_ns}-{stat.st_size}")
            if stamp.etag == seen.etag:
                return _Source(stamp, iter(()), changed=False)
            return _Source(stamp, _chunks(path.open("rb")))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.fault(f"{self.subdir}/{path.name} cannot be read: {error.strerror}") from error


@dataclass(slots=True)
class _Source:
    """A file on its way. ``read`` is how the decompressor draws on it."""

    stamp: Stamp
    chunks: Iterator[bytes]
    changed: bool = True
    _left: bytes = b""

    def unpack(self, into: Path, what: ChannelFile) -> Stamp:
        """Write it to ``into``, unpacked; answers its stamp with its digest."""
        digest = hashlib.sha256()
        self.chunks = _counted(self.chunks, digest)
        source: Any = self
        if self.stamp.file.endswith(".zst"):
            source = zstandard.ZstdDecompressor().stream_reader(source, read_across_frames=True)
        try:
            _copy(source, into, what)
        except zstandard.ZstdError as error:
            raise what.fault(f"{what.subdir}/{self.stamp.file} is damaged ({error})") from error
        return Stamp(self.stamp.file, self.stamp.etag, self.stamp.modified, digest.hexdigest())

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most ``size`` of them; none at the end."""
        if not self._left:
            self._left = next(self.chunks, b"")
        some, self._left = (self._left[:size], self._left[size:]) if size >= 0 else (self._left, b"")
        return some


def folder_of(channel: str) -> Path | None:
    """The folder that a channel is; None for one that is asked over HTTP."""
    if channel.startswith("file://"):
        return Path(unquote(urlsplit(channel).path))
    return Path(channel) if "://" not in channel and (Path(channel).is_absolute() or Path(channel).is_dir()) else None


def _address(channel: str) -> str:
    """With a slash at its end; what is no address is a name on anaconda.org."""
    if "://" in channel:
        return f"{channel.rstrip('/')}/"
    from rattler import Channel

    return f"{Channel(channel).base_url.rstrip('/')}/"


def _conditions(seen: Stamp) -> dict[str, str]:
    said = {"If-None-Match": seen.etag, "If-Modified-Since": seen.modified}
    return {name: value for name, value in said.items() if value}


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_STEP):
            yield chunk


def _counted(chunks: Iterator[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _copy(source: IO[bytes], into: Path, what: ChannelFile) -> None:
    total = 0
    with into.open("wb") as target:
        while data := source.read(_STEP):
            total += len(data)
            if total > what.bounds.bytes:
                raise what.fault(f"{what.subdir}/{what.name} has more than {what.bounds.bytes} bytes")
            target.write(data)
