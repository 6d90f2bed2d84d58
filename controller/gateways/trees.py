"""Recipe trees: git repositories, or plain folders, copied once per commit and never changed again.

Nothing of a tree is run here, and no link in it leads out of it.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock

from controller.domain.errors import TreeError
from controller.gateways.checkouts import Checkout, open_checkout, settle
from controller.gateways.git import Git
from controller.gateways.listing import read_changes, read_listing
from controller.gateways.objects import Objects
from controller.gateways.tree_file import ForeignFile
from controller.gateways.tree_readings import open_folder
from controller.gateways.tree_walk import files_below
from controller.gateways.variant_files import PinFile

_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_FOLDER = "folder-"


@dataclass(frozen=True, slots=True)
class Trees:
    """Mirrors and checkouts of recipe trees, below ``root``."""

    root: Path
    _latest: dict[Path, Checkout] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The commit of each mirror that was opened last: the next one differs from it by little."""

    def resolve(self, url: str, rev: str | None) -> str:
        """The commit that ``rev`` (none: the default branch) means now: a sha, or ``folder-<hex>`` for a plain folder.

        Raises TreeError if there is no such tree or revision.
        """
        if not is_repository(url):
            return self._keep_folder(_folder_at(url, rev))
        wanted = rev or "HEAD"
        if wanted.startswith("-"):
            raise TreeError(f"{wanted!r} is no revision.", remedy="Name a branch, a tag or a commit.")
        mirror = self._mirror(url)
        if not (_SHA.fullmatch(wanted) and self._has(mirror, wanted)):
            with _lock_of(mirror):  # two fetches into one mirror would fight for its refs
                self._fetch(mirror, url)
        line = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{wanted}^{{commit}}")
        try:
            return self._git.run(*line, at=mirror)
        except TreeError as error:  # git is asked to be quiet: it has no words for it
            remedy = "Name a branch, a tag or a commit of it."
            raise TreeError(f"There is no revision {wanted} in {url}.", remedy=remedy) from error

    def summary(self, url: str, commit: str) -> tuple[str, str]:
        """First line of the commit's message, and its author's name. A plain folder has neither."""
        if commit.startswith(_FOLDER):
            return f"{Path(url).name or url} as it is now", ""
        said = self._git.run("show", "--no-patch", "--format=%s%x00%an", commit, at=self._mirror(url))
        subject, _, author = said.partition("\0")
        return subject, author

    def descends(self, url: str, commit: str, older: str) -> bool:
        """Whether a commit comes after an older one. States of a plain folder follow each other. Raises TreeError."""
        if commit.startswith(_FOLDER) or older.startswith(_FOLDER):
            return commit.startswith(_FOLDER) and older.startswith(_FOLDER)
        return self._git.run("merge-base", commit, older, at=self._mirror(url)) == older

    def open(self, url: str, commit: str) -> Checkout:
        """The tree at a commit, of which only what is asked for is ever written to a folder. Raises TreeError."""
        if commit.startswith(_FOLDER):
            return open_folder(self._copied(url, commit), commit, self.foreign)
        self._place(commit)
        mirror = self._mirror(url)
        found = self._changed(mirror, commit) or self._listed(mirror, commit)
        self._latest[mirror] = found
        return found

    def _listed(self, mirror: Path, commit: str) -> Checkout:
        objects = Objects(self._git, mirror)
        listed = self._git.read("ls-tree", "-r", "-z", "--full-tree", commit, at=mirror)
        return open_checkout(
            commit, read_listing(listed, objects.read), objects, self.foreign,
            lambda _, digest: self.root / "folders" / digest[:2] / digest,
        )  # fmt: skip

    def _changed(self, mirror: Path, commit: str) -> Checkout | None:
        """By what differs from the commit before, where that is a few files' contents and nothing else."""
        latest = self._latest.get(mirror)
        if latest is None:
            return None
        told = self._git.read("diff-tree", "-r", "-z", "--no-renames", latest.commit, commit, at=mirror)
        changes = read_changes(told)
        return None if changes is None else latest.after(commit, changes)

    def foreign(self, pin: ForeignFile) -> PinFile:
        """A file of another tree, as it is there now."""
        commit = self.resolve(pin.tree, pin.rev or None)
        name = f"{pin.tree}/{pin.file}"
        if not commit.startswith(_FOLDER):
            return PinFile(name, self._git.read("show", f"{commit}:{pin.file}", at=self._mirror(pin.tree)))
        copy = self._copied(pin.tree, commit)
        return PinFile(name, _inside(copy / pin.file, copy.resolve()).read_bytes())

    @property
    def _git(self) -> Git:
        return Git(self.root)

    def _place(self, commit: str) -> Path:
        if not _SHA.fullmatch(commit.removeprefix(_FOLDER)):
            raise TreeError(f"{commit!r} is no commit.", remedy="Ask for the commit of a revision first.")
        return self.root / "checkouts" / commit

    def _mirror(self, url: str) -> Path:
        return self.root / "mirrors" / sha256(_source(url).encode()).hexdigest()[:16]

    def _has(self, mirror: Path, commit: str) -> bool:
        """Whether a ref leads to it. Without one it may be there in part, from a fetch that a full disk ended."""
        try:
            return not self._git.run("rev-list", "--max-count=1", commit, "--not", "--all", at=mirror)
        except TreeError:
            return False

    def _fetch(self, mirror: Path, url: str) -> None:
        if not (mirror / "HEAD").exists():
            with self._new(mirror) as fresh:
                self._git.run("clone", "--quiet", "--mirror", "--template=", "--", _source(url), str(fresh))
            return
        self._git.run("fetch", "--quiet", "--prune", "--force", "--no-auto-gc", "origin", at=mirror)
        self._git.run("symbolic-ref", "HEAD", self._default_branch(mirror), at=mirror)

    def _default_branch(self, mirror: Path) -> str:
        said = self._git.run("ls-remote", "--symref", "origin", "HEAD", at=mirror)
        found = re.search(r"^ref: (\S+)\tHEAD$", said, re.MULTILINE)
        return found[1] if found else self._git.run("symbolic-ref", "HEAD", at=mirror)

    def _copied(self, url: str, commit: str) -> Path:
        """The copy of a plain folder at the state that it was resolved to."""
        target = self._place(commit)
        if not target.is_dir() and self.resolve(url, None) != commit:
            raise TreeError(f"{url} has changed since {commit}.", remedy="Push it again.")
        return target

    def _keep_folder(self, folder: Path) -> str:
        holding = self.root / "checkouts"
        holding.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=holding, prefix=".new-"))
        try:
            commit = _copy(folder, fresh)
            settle(fresh, self._place(commit))
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return commit

    @contextmanager
    def _new(self, target: Path) -> Iterator[Path]:
        """A fresh folder that becomes ``target`` when all went well; whoever comes second keeps the first one's."""
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
        try:
            yield fresh
            settle(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


_LOCKS: dict[Path, Lock] = {}
_LOCKS_LOCK = Lock()


def _lock_of(mirror: Path) -> Lock:
    with _LOCKS_LOCK:
        return _LOCKS.setdefault(mirror, Lock())


def is_repository(url: str) -> bool:
    """Whether ``url`` is a git repository: any remote address, or a local work tree or bare repository."""
    path = Path(url)
    if not path.is_dir():
        return "://" in url or bool(re.match(r"[\w.-]+@?[\w.-]*:", url))
    return (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir())


def _source(url: str) -> str:
    return str(Path(url).resolve()) if Path(url).is_dir() else url


def _folder_at(url: str, rev: str | None) -> Path:
    folder = Path(url)
    if not folder.is_dir():
        raise TreeError(f"There is no recipe tree at {url}.", remedy="Name a folder or a git repository.")
    if rev and not rev.startswith(_FOLDER):
        raise TreeError(f"{url} is a plain folder and has no revision {rev}.", remedy="Leave the revision out.")
    return folder.resolve()


def _copy(folder: Path, target: Path) -> str:
    """Copy and digest in one reading, so that the digest is that of the copy whatever happens meanwhile."""
    digest = sha256()
    for name, path in files_below(folder):
        real = _inside(Path(path), folder)
        if real.is_dir():
            raise TreeError(f"{name} is a link to a folder.", remedy="Put the files themselves there.")
        data, mode = real.read_bytes(), _mode(real)
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        place.chmod(mode)
        digest.update(f"{name}\0{mode:o}\0{len(data)}\0".encode() + data)
    return f"{_FOLDER}{digest.hexdigest()[:40]}"


def _inside(path: Path, within: Path) -> Path:
    """Where ``path`` really lies. Raises TreeError if that is outside of ``within`` or nowhere."""
    real = path.resolve()
    if not real.is_relative_to(within) or not real.exists():
        raise TreeError(f"{path.name} is a link that leads out of the tree.", remedy="Copy the file into the tree.")
    return real


def _mode(path: Path) -> int:
    return 0o555 if path.stat().st_mode & 0o100 else 0o444
