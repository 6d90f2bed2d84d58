"""Logs of attempts: bytes in the order they came, with the beginnings of lines known without rereading."""

import fcntl
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from controller.domain.errors import InvalidInputError
from workers.contract.logs import split_lines

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
_LINES, _BYTES = 1000, 1 << 18


class _Mark(NamedTuple):
    """``lines`` line breaks stand before byte ``at``."""

    at: int
    lines: int


_MARK = struct.Struct("<QQ")
_START = _Mark(0, 0)


class Logs:
    """Below ``root``: ``<attempt>.log`` with the bytes, and ``<attempt>.marks`` with a mark for every 1,000 lines
    or 256 KiB, whichever comes first. The marks can be made again from the bytes, so the bytes are the truth.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def append(self, attempt_id: str, offset: int, data: bytes) -> int:
        """Keep ``data``, which the sender has at ``offset``; returns the size kept.

        Bytes already kept are dropped. After a gap, or once sealed, nothing is kept: the answer tells the
        sender where to go on.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        with _locked(self._bytes(attempt_id)) as handle:
            kept = os.fstat(handle).st_size
            fresh = data[kept - offset :] if 0 <= offset <= kept else b""
            if not fresh or self._sealed(handle):
                return kept
            _write_all(handle, fresh, kept)
            self._mark(attempt_id, handle, kept + len(fresh))
            return kept + len(fresh)

    def size(self, attempt_id: str) -> int:
        """Bytes kept; 0 for a log nobody wrote."""
        try:
            return self._bytes(attempt_id).stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, attempt_id: str, start: int, end: int) -> bytes:
        """The bytes from ``start`` up to ``end``, or as far as there are any."""
        if not self.size(attempt_id):
            return b""
        with self._bytes(attempt_id).open("rb") as file:
            file.seek(max(start, 0))
            return file.read(max(end - max(start, 0), 0))

    def lines(self, attempt_id: str, first: int, count: int) -> list[str]:
        """Up to ``count`` lines from line ``first`` on; line 1 is the first.

        NUL, which no database takes in, and bytes that are no UTF-8 show as U+FFFD.
        The last line may still be growing; its number stays.
        """
        if first < 1 or count < 1:
            raise InvalidInputError(f"There are no {count} lines from line {first} on.", remedy="Lines count from 1.")
        start = self._line_start(attempt_id, first - 1)
        end = self._line_start(attempt_id, first - 1 + count)
        return split_lines(self.read(attempt_id, start, end).decode("utf-8", "replace").replace("\0", "\ufffd"))

    def line_count(self, attempt_id: str) -> int:
        """How many lines there are; one that is still growing counts."""
        size = self.size(attempt_id)
        if not size:
            return 0
        mark = self._marks(attempt_id, size)[-1]
        rest = self.read(attempt_id, mark.at, size)
        growing = not self.read(attempt_id, size - 1, size).endswith(b"\n")
        return mark.lines + rest.count(b"\n") + growing

    def seal(self, attempt_id: str) -> None:
        """No more bytes are kept from now on, and those kept are on the disk. Doing it again does nothing."""
        if not self.size(attempt_id):
            return
        with _locked(self._bytes(attempt_id)) as handle:
            os.fsync(handle)
            os.fchmod(handle, 0o444)

    def _bytes(self, attempt_id: str) -> Path:
        if not _ID.fullmatch(attempt_id):
            raise InvalidInputError(f"{attempt_id[:80]!r} is not the name of an attempt.")
        return self._root / f"{attempt_id}.log"

    def _sealed(self, handle: int) -> bool:
        return not os.fstat(handle).st_mode & 0o200

    def _marks(self, attempt_id: str, size: int) -> list[_Mark]:
        """The marks within ``size``: after a crash of the machine there may be some past the end, or half a mark."""
        try:
            raw = self._bytes(attempt_id).with_suffix(".marks").read_bytes()
        except FileNotFoundError:
            return [_START]
        whole = raw[: len(raw) - len(raw) % _MARK.size]
        return [_START, *(m for m in map(_Mark._make, _MARK.iter_unpack(whole)) if m.at <= size)]

    def _mark(self, attempt_id: str, handle: int, size: int) -> None:
        marks = self._marks(attempt_id, size)
        fresh = list(_marks_after(handle, marks[-1], size))
        if fresh:
            path = self._bytes(attempt_id).with_suffix(".marks")
            with path.open("r+b" if path.exists() else "wb") as file:
                file.seek((len(marks) - 1) * _MARK.size)
                file.truncate()
                file.write(b"".join(_MARK.pack(*mark) for mark in fresh))

    def _line_start(self, attempt_id: str, number: int) -> int:
        """The byte after the ``number``-th line break, or the size if there are fewer."""
        size = self.size(attempt_id)
        if not number or not size:
            return 0
        mark = max((m for m in self._marks(attempt_id, size) if m.lines < number), default=_START)
        with self._bytes(attempt_id).open("rb") as file:
            return _after_breaks(file.fileno(), mark, number, size)


def _marks_after(handle: int, mark: _Mark, size: int) -> Iterator[_Mark]:
    """The marks due in the bytes after ``mark``, up to ``size``."""
    while True:
        block = os.pread(handle, min(_BYTES, size - mark.at), mark.at)
        taken = _until_break(block, _LINES)
        if block.count(b"\n", 0, taken) < _LINES and len(block) < _BYTES:
            return
        mark = _Mark(mark.at + taken, mark.lines + block.count(b"\n", 0, taken))
        yield mark


def _after_breaks(handle: int, mark: _Mark, number: int, size: int) -> int:
    """The byte after line break ``number``, sought from ``mark`` on."""
    at, missing = mark.at, number - mark.lines
    while block := os.pread(handle, min(_BYTES, size - at), at):
        found = block.count(b"\n")
        if found >= missing:
            return at + _until_break(block, missing)
        at, missing = at + len(block), missing - found
    return size


def _until_break(block: bytes, number: int) -> int:
    """How many bytes reach past line break ``number`` of ``block``, or all of them."""
    at = 0
    for _ in range(number):
        at = block.find(b"\n", at) + 1
        if not at:
            return len(block)
    return at


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    handle = _open(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError:  # sealed; only root may open it for writing then
        return os.open(path, os.O_RDONLY)


def _write_all(handle: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    written = 0
    while written < len(data):
        written += os.pwrite(handle, view[written:], offset + written)
