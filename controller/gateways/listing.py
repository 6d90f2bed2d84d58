"""Listings: every file of a tree at one commit, by path, mode and content, with nothing written anywhere.

Contents are told by git's own ids of them, so that a plain folder and a git tree are listed alike.
"""

import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha1, sha256
from pathlib import Path

from controller.domain.errors import TreeError
from controller.gateways.layouts import OLD_RECIPE, RECIPE
from controller.gateways.tree_walk import SKIPPED, files_below

_LINK, _PROGRAM = "120000", "100755"
_FILES = frozenset({"100644", _PROGRAM})
_DOUBTFUL = re.compile(rb"\t/|[\t/]\.\.[/\0]|\\|\t[^/\0]*:")
"""What any path must have that ``_check_name`` refuses: most trees have none, and are asked once."""
_HOPS = 40
"""So many links in a row are followed by Linux too."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its path within the tree, whether it is a program, and git's id of its content."""

    path: str
    program: bool
    blob: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All files of a tree. Links are told as the file that they lead to."""

    entries: Mapping[str, Entry]
    broken: Mapping[str, str] = field(default_factory=dict)
    """Links that lead to no file, and where they lead."""
    targets: frozenset[str] = frozenset()
    """Files that links lead to."""

    def by_recipe(self) -> dict[str, tuple[Entry, ...]]:
        """Each folder that holds a recipe, with its files; recipes within it, hidden and built folders left out."""
        owners = _Owners({path.rpartition("/")[0] for path in self.entries if _is_recipe(path)})
        found: dict[str, list[Entry]] = {folder or ".": [] for folder in owners.folders}
        for path in sorted(self.entries):
            owner = owners.of(path.rpartition("/")[0])
            if owner is not None:
                found[owner or "."].append(self.entries[path])
        return {folder: tuple(entries) for folder, entries in found.items()}

    def changed(self, entries: Mapping[str, Entry]) -> "Listing":
        """The same with some files changed."""
        return replace(self, entries={**self.entries, **entries})

    def below(self, folder: str) -> list[tuple[str, Entry]]:
        """Every file below a folder by its name in there, sorted. Raises TreeError for a link that leads nowhere."""
        start = "" if folder == "." else f"{folder}/"
        for path, target in self.broken.items():
            if path.startswith(start) and not _is_hidden(path[len(start) :]):
                raise TreeError(f"{path} is a link to {target}, where no file is.", remedy="Put the file itself there.")
        found = ((path[len(start) :], entry) for path, entry in self.entries.items() if path.startswith(start))
        return sorted((name, entry) for name, entry in found if not _is_hidden(name))


def read_listing(data: bytes, read: Callable[[Iterable[str]], Mapping[str, bytes]]) -> Listing:
    """What ``git ls-tree -r -z --full-tree`` says; ``read`` gives the contents of links.

    Raises TreeError for a name or a link that leads out of the tree.
    """
    entries: dict[str, Entry] = {}
    links: dict[str, str] = {}
    doubtful = _DOUBTFUL.search(data)
    for line in data.decode("utf-8", "surrogateescape").split("\0"):
        about, _, path = line.partition("\t")
        if path:
            if doubtful:
                _check_name(path)
            mode, kind, blob = about.split(" ")
            if mode == _LINK:
                links[path] = blob
            elif kind == "blob":  # what is left are other repositories, which are not followed
                entries[path] = Entry(path, mode == _PROGRAM, blob)
    return _followed(entries, links, read) if links else Listing(entries)


def read_changes(data: bytes) -> dict[str, Entry] | None:
    """The files that ``git diff-tree -r -z --no-renames`` says have another content or mode, by path.

    None if there is more to it than that: files that came, went, or are links now or were.
    """
    parts = data.decode("utf-8", "surrogateescape").split("\0")
    changed = {}
    for about, path in zip(parts[::2], parts[1::2], strict=False):
        old, new, _, blob, status = about.removeprefix(":").split(" ")
        if status != "M" or not {old, new} <= _FILES:
            return None
        changed[path] = Entry(path, new == _PROGRAM, blob)
    return changed


def list_folder(root: Path) -> Listing:
    """The files of a plain folder. Raises TreeError for a link that leads out of it."""
    entries, broken, top = {}, {}, root.resolve()
    for name, path in files_below(root):
        about = os.lstat(path)
        if stat.S_ISLNK(about.st_mode):
            real = Path(path).resolve()
            if real.is_file() and not real.is_relative_to(top):
                raise _leads_out(name, str(real))
            about = real.stat() if real.is_file() else about
        if stat.S_ISREG(about.st_mode):
            with open(path, "rb") as file:  # noqa: PTH123 -- forty thousand of them
                entries[name] = Entry(name, bool(about.st_mode & 0o100), blob_id(file.read()))
        else:
            broken[name] = str(Path(path).readlink()) if stat.S_ISLNK(about.st_mode) else name
    return Listing(entries, broken)


def blob_id(data: bytes) -> str:
    """Git's name for a content."""
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def digest_of(entries: Iterable[Entry], folder: str) -> str:
    """Digest of files by their names within a folder, and what is in them."""
    start = 0 if folder == "." else len(folder) + 1
    lines = (f"{entry.path[start:]}\0{entry.program:d}\0{entry.blob}\0" for entry in entries)
    return sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(slots=True)
class _Owners:
    """Which recipe's folder a folder belongs to: the nearest one, unless something hidden or built is between."""

    folders: set[str]
    _known: dict[str, str | None] = field(default_factory=dict)

    def of(self, folder: str) -> str | None:
        if folder in self.folders:
            return folder
        if folder not in self._known:
            self._known[folder] = self._find(folder)
        return self._known[folder]

    def _find(self, folder: str) -> str | None:
        above, _, name = folder.rpartition("/")
        return None if not folder or name.startswith(".") or name in SKIPPED else self.of(above)


def _check_name(path: str) -> None:
    """Raises TreeError for a path that leads out of the tree."""
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "\\" in path or ":" in parts[0]:
        raise TreeError(f"{path} has a path that leads out of the tree.", remedy="Remove it from the tree.")


def _is_recipe(path: str) -> bool:
    return path.endswith((RECIPE, OLD_RECIPE)) and path.rpartition("/")[2] in {RECIPE, OLD_RECIPE}


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") or part in SKIPPED for part in name.split("/")[:-1])


def _followed(
    entries: dict[str, Entry], links: Mapping[str, str], read: Callable[[Iterable[str]], Mapping[str, bytes]]
) -> Listing:
    texts = read(set(links.values()))
    targets = {path: texts.get(blob, b"").decode("utf-8", "surrogateescape") for path, blob in links.items()}
    broken = {}
    ends = {path: _end(path, targets) for path in targets}
    for path, target in targets.items():
        end = ends[path]
        if end in entries and end not in targets:
            entries[path] = Entry(path, entries[end].program, entries[end].blob)
        else:
            broken[path] = target
    return Listing(entries, broken, frozenset(ends.values()))


def _end(path: str, targets: Mapping[str, str]) -> str:
    """Where a link leads to, over other links, those of folders on the way too. Raises TreeError if that is outside.

    Part by part, as the file system does it: ``up/..`` is the folder above what ``up`` leads to.
    """
    done: list[str] = []
    left, link, hops = path.split("/")[::-1], path, 0
    while left:
        part = left.pop()
        if part == "..":
            if not done:
                raise _leads_out(link, targets[link])
            done.pop()
        elif part not in {"", "."}:
            done.append(part)
        here = "/".join(done)
        if part != ".." and here in targets:
            link, hops = here, hops + 1
            if not targets[link] or posixpath.isabs(targets[link]):
                raise _leads_out(link, targets[link])
            if hops > _HOPS:
                return ""
            done.pop()
            left += targets[link].split("/")[::-1]
    return "/".join(done)


def _leads_out(path: str, target: str) -> TreeError:
    return TreeError(f"{path} is a link that leads out of the tree, to {target}.", remedy="Remove it from the tree.")
