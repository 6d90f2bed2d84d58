"""What may stand in a package: the rules for each member, and for all of them together.

A worker runs code that strangers wrote, and what it uploads will be unpacked by everyone who installs it. So
whatever could reach outside the prefix, or differ from one unpacker to the next, is refused here.
"""

import tarfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from controller.domain.errors import ArtifactRefusedError
from controller.gateways.contents import Payload

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


class Members:
    """What was met so far in one package, over both its tarballs."""

    def __init__(self, subdir: str, limits: Limits, wanted: Wanted) -> None:
        self.documents: dict[str, bytes] = {}
        self.payload = Payload()
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
            raise refusal(f"Members lie below {show(min(below))}, which is no folder")
        for name, target in self._links.items():
            self._resolve(PurePosixPath(name).parent.parts, target, name)

    def _check_part(self, name: str, part: str) -> None:
        inside = name == "info" or name.startswith("info/")
        if part and inside != (part == "info"):
            raise refusal(f"{show(name)} lies in the {part}- tarball")

    def _key(self, name: str) -> str:
        """What the file system of the subdir takes for the same name."""
        return unicodedata.normalize("NFC", name.casefold()) if self._caseless else name

    def _add(self, member: tarfile.TarInfo, name: str) -> None:
        key = self._key(name)
        if member.isdir() and key in self._folders:
            return
        if key in self._names:
            raise refusal(f"{show(name)} is there twice")
        if len(self._names) >= self.limits.members:
            raise refusal(f"It has more than {self.limits.members} members")
        self._names.add(key)
        self._sort_in(member, key, name)

    def _sort_in(self, member: tarfile.TarInfo, key: str, name: str) -> None:
        self._folders.update(str(folder) for folder in PurePosixPath(key).parents)
        if member.isdir():
            self._folders.add(key)
        elif member.issym():
            self._links[key] = _safe_target(member)
            self.payload.link(name, member.linkname)
        else:
            self._check_hard_link(member)
            self._files.add(key)

    def _check_hard_link(self, member: tarfile.TarInfo) -> None:
        """A hard link may only repeat a file that came before it in this package."""
        if member.islnk() and self._key(str(PurePosixPath(member.linkname))) not in self._files:
            raise refusal(f"{show(member.name)} is a hard link to {show(member.linkname)}, no file of the package")

    def _keep(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        if not self._wanted(name):
            self._digest(tar, member, name)
            return
        content = tar.extractfile(member) if member.isreg() else None
        if content is None:
            raise refusal(f"{show(name)} is not a plain file")
        if member.size > self.limits.document:
            raise refusal(f"{show(name)} has {member.size} bytes, more than {self.limits.document}")
        self.documents[name] = content.read()

    def _digest(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        if member.isreg() and self.payload.wants(name, member.size):
            content = tar.extractfile(member)
            if content is not None:
                self.payload.take(name, content)

    def _resolve(self, at: tuple[str, ...], target: str, link: str) -> None:
        """Walk as the system would, from the folder ``at``."""
        todo, place, hops = list(reversed(target.split("/"))), list(at), 0
        while todo:
            part = todo.pop()
            if part == ".." and not place:
                raise refusal(f"{show(link)} links out of the prefix")
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
            raise refusal(f"{show(link)} is a link in a circle")
        place.pop()
        todo.extend(reversed(further.split("/")))
        return 1


def _safe_name(member: tarfile.TarInfo) -> str:
    """The member's path, normalised; empty for the root folder itself."""
    name = member.name
    if member.isreg() and member.mode & 0o6000:
        raise refusal(f"{show(name)} is setuid or setgid")
    if any(key.startswith("GNU.sparse") for key in member.pax_headers):
        raise refusal(f"{show(name)} is a sparse file")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or _strange(name):
        raise refusal(f"{show(name)} is no path inside the package")
    return "" if str(path) == "." and member.isdir() else str(path)


def _safe_target(member: tarfile.TarInfo) -> str:
    target = member.linkname
    if not target or target.startswith("/") or _strange(target):
        raise refusal(f"{show(member.name)} links to {show(target)}")
    return target


def _strange(name: str) -> bool:
    """Backslashes and drives are paths on Windows; control characters deceive whoever reads the name."""
    return not name or "\\" in name or name[1:2] == ":" or any(ord(c) < 32 or ord(c) == 127 for c in name)


def show(name: str) -> str:
    """A name from the file, harmless in any log or page."""
    return ascii(name[:200])


def refusal(what: str) -> ArtifactRefusedError:
    """What is wrong with the file; whoever knows its name adds it."""
    return ArtifactRefusedError(f"{what}.", remedy="Build the package again with an unaltered builder.")
