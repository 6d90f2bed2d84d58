"""The git command, so called that nothing of a repository is ever run: no hooks, no filters, no submodules."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from controller.domain.errors import DataFolderError, TreeError

_MINUTES = 10
_FULL = b"No space left on device"
# Included last, so it wins over the person's own configuration, which may hold the credentials of a private tree.
_CONFIG = """\
[include]
\tpath = {home}
[safe]
\tdirectory = *
[core]
\thooksPath = {nowhere}
\tfsmonitor = false
\tsymlinks = true
[protocol "ext"]
\tallow = never
[submodule]
\trecurse = false
[fetch]
\trecurseSubmodules = false
[gc]
\tauto = 0
"""


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git with a configuration of its own, kept in ``folder``."""

    folder: Path

    def run(self, *arguments: str, at: Path | None = None) -> str:
        """Standard output as text. Raises TreeError with git's own words."""
        return self.read(*arguments, at=at).decode("utf-8", "replace").strip()

    def read(self, *arguments: str, at: Path | None = None, told: bytes = b"") -> bytes:
        """Standard output as bytes, for ``told`` on its input.

        Raises TreeError with git's own words, DataFolderError where there is no room for what it fetches.
        """
        command = ("git", *(("--git-dir", str(at)) if at else ()), *arguments)
        environment = self._environment()
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as asked:  # megabytes, and no pipe to fill
            asked.write(told)
            asked.seek(0)
            try:
                done = subprocess.run(
                    command, env=environment, check=False, stdin=asked, stdout=said, stderr=subprocess.PIPE,
                    timeout=_MINUTES * 60,
                )  # fmt: skip
            except FileNotFoundError:
                raise TreeError("The program git is not installed.", remedy="Install git and try again.") from None
            except subprocess.TimeoutExpired:
                raise TreeError(
                    f"git took more than {_MINUTES} minutes.", remedy="Is the repository reachable?"
                ) from None
            if done.returncode:
                if _FULL in done.stderr:
                    raise DataFolderError("The disk of the farm's data folder is full.", remedy="Make room; try again.")
                remedy = "Check the tree's address, the revision and your access."
                raise TreeError(_last_words(done.stderr), remedy=remedy)
            said.seek(0)
            return said.read()

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        ours = {"GIT_CONFIG_GLOBAL": str(self._config()), "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
        return kept | ours | {"GIT_ATTR_NOSYSTEM": "1", "LC_ALL": "C"}

    def _config(self) -> Path:
        path = self.folder / "gitconfig"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            text = _CONFIG.format(home=Path.home() / ".gitconfig", nowhere=os.devnull)
            handle, fresh = tempfile.mkstemp(dir=self.folder, prefix="gitconfig-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(fresh).replace(path)
        return path


def _last_words(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return f"git: {(told or lines or ['it failed without a word'])[0].removeprefix('fatal: ').removeprefix('error: ')}"
