"""The build id of an ELF file: a digest of what the linker saw, and so of where and when it was built.

It is the one thing in most libraries that two builds of the same differ in; what is installed does not depend on it.
"""

import struct
from collections.abc import Iterator

_MAGIC = b"\x7fELF"
_NOTE, _BUILD_ID, _OWNER = 4, 3, b"GNU\0"
_MOST_HEADERS = 512


def is_elf(head: bytes) -> bool:
    """Whether a file that begins so is one."""
    return head[:4] == _MAGIC


def without_build_id(head: bytes) -> bytes:
    """The beginning of an ELF file with its build id set to nothing, as far as it lies in there."""
    data = bytearray(head)
    try:
        for start, end in _notes(head):
            _blank(data, start, min(end, len(data)), _order(head))
    except (struct.error, IndexError, KeyError, OverflowError):
        return bytes(head)  # whatever this is, it is hashed as it stands
    return bytes(data)


def _order(head: bytes) -> str:
    return {1: "<", 2: ">"}[head[5]]


def _notes(head: bytes) -> Iterator[tuple[int, int]]:
    order, wide = _order(head), head[4] == 2
    (table,) = struct.unpack_from(f"{order}{'Q' if wide else 'I'}", head, 32 if wide else 28)
    size, count = struct.unpack_from(f"{order}HH", head, 54 if wide else 42)
    for number in range(min(count, _MOST_HEADERS)):
        at = table + number * size
        (kind,) = struct.unpack_from(f"{order}I", head, at)
        if kind == _NOTE:
            (start,) = struct.unpack_from(f"{order}{'Q' if wide else 'I'}", head, at + (8 if wide else 4))
            (length,) = struct.unpack_from(f"{order}{'Q' if wide else 'I'}", head, at + (32 if wide else 16))
            yield start, start + length


def _blank(data: bytearray, at: int, end: int, order: str) -> None:
    while at + 12 <= end:
        owner, length, kind = struct.unpack_from(f"{order}III", data, at)
        name = at + 12
        value = name + _padded(owner)
        if kind == _BUILD_ID and bytes(data[name : name + owner]) == _OWNER and value + length <= end:
            data[value : value + length] = bytes(length)
        at = value + _padded(length)


def _padded(length: int) -> int:
    return (length + 3) & ~3
