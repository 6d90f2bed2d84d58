"""Real package files made in memory: sound ones for channels, and hostile ones member by member."""

import bz2
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import zstandard

BORN = 1_700_000_000_000


@dataclass
class Member:
    """One tar member as it is to stand in the file, however unwise."""

    name: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    link: str = ""
    mode: int = 0o644
    pax: dict[str, str] = field(default_factory=dict)

    def header(self) -> tarfile.TarInfo:
        info = tarfile.TarInfo(self.name)
        info.type, info.linkname, info.mode, info.size = self.kind, self.link, self.mode, len(self.data)
        info.pax_headers = dict(self.pax)
        return info


@dataclass
class Package:
    """A package to be. ``index`` overrides fields of info/index.json; ``info`` adds files to ``info/``."""

    name: str = "toy"
    version: str = "1.0"
    build: str = "h0_0"
    subdir: str = "linux-64"
    depends: Sequence[str] = ()
    index: Mapping[str, Any] = field(default_factory=dict)
    info: Mapping[str, bytes] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    run_exports: Mapping[str, list[str]] | None = None

    @property
    def stem(self) -> str:
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def file_name(self) -> str:
        return f"{self.stem}.conda"

    def index_json(self) -> dict[str, Any]:
        number = int(self.build.rsplit("_", 1)[-1])
        noarch = {"noarch": "generic"} if self.subdir == "noarch" else {}
        return {
            "name": self.name, "version": self.version, "build": self.build, "build_number": number,
            "depends": list(self.depends), "subdir": self.subdir, "timestamp": BORN, "license": "MIT",
            **noarch, **self.index,
        }  # fmt: skip

    def info_members(self) -> list[Member]:
        paths = [
            {"_path": path, "path_type": "hardlink", "size_in_bytes": len(d), "sha256": sha256(d).hexdigest()}
            for path, d in self.files.items()
        ]
        documents: dict[str, bytes] = {
            "info/index.json": json.dumps(self.index_json()).encode(),
            "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
            **self.info,
        }
        if self.run_exports is not None:
            documents["info/run_exports.json"] = json.dumps(self.run_exports).encode()
        return [Member(name, data) for name, data in documents.items()]

    def members(self) -> list[Member]:
        return [Member(name, data) for name, data in self.files.items()]

    def conda(self) -> bytes:
        return conda(self.stem, self.info_members(), self.members())

    def tar_bz2(self) -> bytes:
        return bz2.compress(tar(self.info_members() + self.members()))

    def write(self, channel: Path) -> Path:
        """Put the .conda into its subdir of a channel folder."""
        path = channel / self.subdir / self.file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.conda())
        return path


def tar(members: Iterable[Member]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as file:
        for member in members:
            file.addfile(member.header(), io.BytesIO(member.data))
    return out.getvalue()


def zst(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(data)


def conda(stem: str, info: Iterable[Member], pkg: Iterable[Member]) -> bytes:
    return outer(
        {
            "metadata.json": b'{"conda_pkg_format_version": 2}',
            f"info-{stem}.tar.zst": zst(tar(info)),
            f"pkg-{stem}.tar.zst": zst(tar(pkg)),
        }
    )


def outer(entries: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """The zip around the tarballs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        for name, data in entries.items():
            file.writestr(zipfile.ZipInfo(name), data, compress_type=compression)
    return out.getvalue()
