"""Unpacking the tar of a tree that somebody else wrote: plain files, folders, and links that stay inside."""

import io
import posixpath
import tarfile
from pathlib import Path

from controller.domain.errors import TreeError


def unpack_tree(data: bytes, target: Path) -> None:
    """Write every member below ``target``, read-only. Raises TreeError for a name or link that leads out of it."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        links: list[tarfile.TarInfo] = []
        for member in archive:
            check_name(member.name)
            if member.issym():
                links.append(member)
            elif member.isdir():
                (target / member.name).mkdir(parents=True, exist_ok=True)
            elif member.isreg():
                _write(archive, member, target)
            else:
                raise _refused(member.name, "is no plain file")
        for member in links:  # last, so that nothing is ever written through one
            _link(member, target)
    for member in links:  # a link over a link may lead further than its text says
        if not _within(target / member.name, target.resolve()):
            raise _refused(member.name, f"is a link that leads out of the tree, to {member.linkname}")


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    path = target / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(member)
    path.write_bytes(source.read() if source else b"")
    path.chmod(0o555 if member.mode & 0o100 else 0o444)


def _link(member: tarfile.TarInfo, target: Path) -> None:
    leads_to = posixpath.normpath(posixpath.join(posixpath.dirname(member.name), member.linkname))
    if posixpath.isabs(member.linkname) or leads_to == ".." or leads_to.startswith("../"):
        raise _refused(member.name, f"is a link that leads out of the tree, to {member.linkname}")
    path = target / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(member.linkname)


def _within(path: Path, target: Path) -> bool:
    try:
        return path.resolve().is_relative_to(target)
    except (RuntimeError, OSError):  # a link that leads to itself
        return False


def check_name(name: str) -> None:
    """Raises TreeError for a path that leads out of the tree."""
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or any(":" in part for part in parts[:1]):
        raise _refused(name, "has a path that leads out of the tree")


def _refused(name: str, why: str) -> TreeError:
    return TreeError(f"{name} {why}.", remedy="Remove it from the tree.")
