"""What a package installs, as one digest that is blind to where and when it was built.

Left out are ``info/``, the prefix of the build environment (which stands in files as a placeholder and names the
attempt), the build ids of ELF files, and compiled Python whose source is there too, since it holds the source's time.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import IO, Any

from controller.gateways.build_ids import is_elf, without_build_id

PATHS = "info/paths.json"
LARGEST = 1 << 28
"""Bytes of it that are read."""
_STEP = 1 << 20
_HEAD = 1 << 20
"""Bytes at a file's beginning in which its build id is looked for."""
_PROGRAMS = frozenset({"bin", "sbin", "libexec"})
_MARK = b"\0prefix\0"


class Payload:
    """Takes in the files of a package while they are read, and answers their digest at the end."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] | None = None
        self._placeholders: dict[str, bytes] = {}
        self._digests: dict[str, str] = {}
        self._links: dict[str, str] = {}

    def wants(self, name: str, size: int) -> bool:
        """Whether this file tells of the others, or the digest that they record of it may say too little."""
        return (name == PATHS and size <= LARGEST) or name in self._placeholders or _may_be_elf(name)

    def link(self, name: str, target: str) -> None:
        """A link: what is recorded of it is the digest of that which it leads to."""
        self._links[name] = target

    def take(self, name: str, file: IO[bytes]) -> None:
        """Read a file that is wanted."""
        if name == PATHS:
            self._entries = _entries(file.read())
            self._placeholders = dict(_placeholders(self._entries or []))
        else:
            self._read(name, file)

    def _read(self, name: str, file: IO[bytes]) -> None:
        head, placeholder = file.read(_HEAD), self._placeholders.get(name, b"")
        if is_elf(head):
            self._digests[name] = _digest_without(without_build_id(head), file, placeholder)
        elif placeholder:
            self._digests[name] = _digest_without(head, file, placeholder)

    def digest(self) -> str:
        """The digest of all that the package installs; empty where that cannot be told."""
        if self._entries is None:
            return ""
        names = {str(entry.get("_path")) for entry in self._entries}
        told = []
        for entry in self._entries:
            name, placeholder = str(entry.get("_path")), entry.get("prefix_placeholder")
            if _is_compiled(name, names):
                continue
            recorded = "" if placeholder else str(entry.get("sha256") or "")
            digest = self._links.get(name) or self._digests.get(name) or recorded
            if not digest and entry.get("path_type") != "directory":
                return ""
            told.append((name, entry.get("path_type"), bool(entry.get("no_link")), entry.get("file_mode"), digest))
        return hashlib.sha256(json.dumps(sorted(told, key=str)).encode()).hexdigest()


def _entries(document: bytes) -> list[dict[str, Any]] | None:
    try:
        found = json.loads(document)["paths"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return None
    whole = isinstance(found, list) and all(isinstance(entry, dict) for entry in found)
    return found if whole else None


def _placeholders(entries: list[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    for entry in entries:
        placeholder = entry.get("prefix_placeholder")
        if isinstance(placeholder, str) and placeholder:
            yield str(entry.get("_path")), placeholder.encode("utf-8", "replace")


def _is_compiled(name: str, names: set[str]) -> bool:
    """``a/__pycache__/b.cpython-312.pyc`` where there is ``a/b.py``."""
    folder, _, file = name.rpartition("/")
    if not file.endswith(".pyc") or not (folder == "__pycache__" or folder.endswith("/__pycache__")):
        return False
    above = folder.removesuffix("__pycache__")
    return f"{above}{file.split('.', 1)[0]}.py" in names


def _may_be_elf(name: str) -> bool:
    folders, _, file = name.rpartition("/")
    return ".so" in file or bool(_PROGRAMS.intersection(folders.split("/")))


def _digest_without(head: bytes, file: IO[bytes], placeholder: bytes) -> str:
    """The digest of the content with every placeholder marked; what is cut by a step's end is put together again."""
    found, rest, block = hashlib.sha256(), b"", head
    while block:
        parts = (rest + block).split(placeholder) if placeholder else [block]
        for part in parts[:-1]:
            found.update(part + _MARK)
        keep = max(len(parts[-1]) - max(len(placeholder) - 1, 0), 0)
        found.update(parts[-1][:keep])
        rest, block = parts[-1][keep:], file.read(_STEP)
    found.update(rest)
    return found.hexdigest()
