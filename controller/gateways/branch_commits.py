"""A commit on a branch of a local git repository, made without touching its working files or its current branch."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from controller.domain.errors import InvalidInputError, TreeError
from controller.gateways.git import Git

_MODES = {"100644", "100755"}


@dataclass(frozen=True, slots=True)
class NewText:
    """A file's new text, and the digest of the one that it takes the place of."""

    old_sha256: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Branched:
    """What became of a commit: its id, empty where nothing differs; and files that are others there than expected."""

    commit: str
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalRepository:
    """A repository by its work tree, or bare. ``scratch`` is a folder for git's own configuration."""

    place: Path
    scratch: Path

    def commit(self, base: str, branch: str, files: Mapping[str, NewText], message: str) -> Branched:
        """Commit these files on a branch; it begins at ``base`` where it is new, and goes on where it is not.

        Raises TreeError where the repository does not have ``base``, and InvalidInputError for a branch that is
        checked out there.
        """
        tip = self._tip(base, branch)
        kept: list[tuple[str, str, bytes]] = []
        stale = []
        for path, new in sorted(files.items()):
            mode, old = self._file(tip, path)
            if old == new.text:
                continue
            if mode not in _MODES or sha256(old).hexdigest() != new.old_sha256:
                stale.append(path)
            else:
                kept.append((mode, path, new.text))
        if not kept:
            return Branched("", tuple(stale))
        told = b"".join(_stream(branch, tip, self._person(), message, kept))
        self._git.read("fast-import", "--quiet", "--date-format=now", at=self._folder, told=told)
        return Branched(self._git.run("rev-parse", f"refs/heads/{branch}", at=self._folder), tuple(stale))

    def push(self, branch: str, remote: str = "origin") -> None:
        """Push a branch under its own name. Raises TreeError with git's words."""
        self._git.run("push", "--quiet", "--", remote, f"refs/heads/{branch}:refs/heads/{branch}", at=self._folder)

    @property
    def _git(self) -> Git:
        return Git(self.scratch)

    @property
    def _folder(self) -> Path:
        inner = self.place / ".git"
        return inner if inner.exists() else self.place

    def _tip(self, base: str, branch: str) -> str:
        ref = f"refs/heads/{branch}"
        self._git.run("check-ref-format", ref, at=self._folder)
        worked_on = self._git.run("worktree", "list", "--porcelain", at=self._folder).splitlines()
        if f"branch {ref}" in worked_on:
            raise InvalidInputError(
                f"The branch {branch} is checked out in {self.place}.",
                remedy="Name another with --branch, or apply the patch of --diff there.",
            )
        try:
            return self._git.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", at=self._folder)
        except TreeError:
            pass  # it is new
        try:
            return self._git.run("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}", at=self._folder)
        except TreeError:
            raise TreeError(
                f"{self.place} does not have the commit {base[:12]}.", remedy="Fetch it there, or name another --tree."
            ) from None

    def _file(self, tip: str, path: str) -> tuple[str, bytes]:
        """Mode and content at a commit; empty where there is none."""
        listed = self._git.read("ls-tree", "-z", "--full-tree", tip, "--", path, at=self._folder)
        if not listed:
            return "", b""
        mode, _, blob = listed.partition(b"\t")[0].decode().split()
        return mode, self._git.read("cat-file", "blob", blob, at=self._folder)

    def _person(self) -> str:
        """Name and address, as git is configured there."""
        said = self._git.run("var", "GIT_COMMITTER_IDENT", at=self._folder)
        return said.rpartition(">")[0] + ">"


def _stream(branch: str, tip: str, person: str, message: str, files: list[tuple[str, str, bytes]]) -> list[bytes]:
    said = message.encode()
    head = f"commit refs/heads/{branch}\ncommitter {person} now\ndata {len(said)}\n"
    parts = [head.encode(), said, f"\nfrom {tip}\n".encode()]
    for mode, path, text in files:
        parts += [f"M {mode} inline {_quoted(path)}\ndata {len(text)}\n".encode(), text, b"\n"]
    return parts


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
