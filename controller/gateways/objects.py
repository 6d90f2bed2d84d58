"""Contents of a git repository by their ids, many in one go, and never one that is larger than asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from controller.gateways.git import Git


@dataclass(frozen=True, slots=True)
class Objects:
    """Reads the objects of one repository."""

    git: Git
    repository: Path

    def read(self, blobs: Iterable[str], most: int | None = None) -> dict[str, bytes]:
        """The contents; those that are not there, or have more than ``most`` bytes, are left out."""
        wanted = list(dict.fromkeys(blobs))
        if wanted and most is not None:
            wanted = [blob for blob, size in self._sizes(wanted).items() if size <= most]
        if not wanted:
            return {}
        return _split(self.git.read("cat-file", "--batch", at=self.repository, told=_lines(wanted)))

    def _sizes(self, blobs: list[str]) -> dict[str, int]:
        said = self.git.read("cat-file", "--batch-check", at=self.repository, told=_lines(blobs)).decode()
        lines = (line.split(" ") for line in said.splitlines())
        return {parts[0]: int(parts[2]) for parts in lines if len(parts) == 3}


def _lines(blobs: list[str]) -> bytes:
    return "".join(f"{blob}\n" for blob in blobs).encode()


def _split(data: bytes) -> dict[str, bytes]:
    found, at = {}, 0
    while at < len(data):
        end = data.index(b"\n", at)
        parts = data[at:end].decode().split(" ")
        at = end + 1
        if len(parts) == 3:
            size = int(parts[2])
            found[parts[0]] = data[at : at + size]
            at += size + 1
    return found
