"""A channel of the package under test alone: so it is found before all else of its name."""

import json
import shutil
from pathlib import Path
from typing import Any

from workers.checks.archives import Archive


def write_channel(folder: Path, archive: Archive) -> str:
    """A channel of one package; its URL."""
    file, section = archive.path.name, "packages.conda" if archive.path.suffix == ".conda" else "packages"
    record = dict(archive.index) | {"sha256": archive.sha256, "size": archive.path.stat().st_size}
    for subdir in {str(archive.index["subdir"]), "noarch"}:
        index: dict[str, Any] = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}
        if subdir == archive.index["subdir"]:
            index[section] = {file: record}
        (folder / subdir).mkdir(parents=True, exist_ok=True)
        (folder / subdir / "repodata.json").write_text(json.dumps(index), encoding="utf-8")
    target = folder / str(archive.index["subdir"]) / file
    if not target.exists():
        _link(archive.path, target)
    return folder.as_uri()


def _link(path: Path, target: Path) -> None:
    try:
        target.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, target)
