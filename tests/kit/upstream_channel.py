"""A channel outside of the farm: what it holds, as a folder or over HTTP, in the files that this project writes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from controller.domain.artifacts import Artifact
from controller.domain.recipes import RunExports
from controller.gateways.index import index_files
from tests.kit.drawing import make_artifact, make_output

Put = Callable[[str, Mapping[str, bytes]], None]


def foreign(name: str, version: str, number: int = 0, *, subdir: str = "linux-64", exported: str = "") -> Artifact:
    """A package of another channel; ``exported`` is the upper bound of what it exports of itself."""
    weak = (f"{name} >={version},<{exported}",) if exported else ()
    artifact = make_artifact(make_output(name, version, number=number, subdir=subdir, exports=RunExports(weak=weak)))
    digest = sha256(f"{subdir} {artifact.file_name}".encode()).hexdigest()
    return replace(artifact, sha256=digest, md5="0" * 32, recipe="", has_run_exports=True)


@dataclass
class UpstreamChannel:
    """``put`` writes the index of a subdir; without ``exports`` it tells none."""

    put: Put
    subdirs: tuple[str, ...] = ("linux-64", "noarch")
    exports: bool = True
    held: list[Artifact] = field(default_factory=list)

    def hold(self, *artifacts: Artifact) -> None:
        """Hold these beside what is there, and write the index."""
        self.held += artifacts
        self.write()

    def withdraw(self, *artifacts: Artifact) -> None:
        self.held = [artifact for artifact in self.held if artifact not in artifacts]
        self.write()

    def write(self) -> None:
        for subdir in self.subdirs:
            files = index_files(subdir, [artifact for artifact in self.held if artifact.subdir == subdir])
            wanted = {name: data for name, data in files.items() if self.exports or "run_exports" not in name}
            self.put(subdir, wanted)


def in_folder(folder: Path) -> Put:
    """Into a folder."""

    def put(subdir: str, files: Mapping[str, bytes]) -> None:
        (folder / subdir).mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / subdir / name).write_bytes(data)

    return put
