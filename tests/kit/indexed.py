"""Channels that are an index and nothing else."""

import json
from pathlib import Path


def channel(folder: Path, **names: list[str]) -> str:
    """A channel with packages of these names, by subdir."""
    for subdir in ("noarch", "linux_64", "osx_64"):
        records = {
            f"{name}-1-0.conda": {
                "name": name, "version": "1", "build": "0", "build_number": 0, "depends": [],
                "subdir": subdir.replace("_", "-"), "sha256": "0" * 64, "size": 1,
            }
            for name in names.get(subdir, [])
        }  # fmt: skip
        place = folder / subdir.replace("_", "-")
        place.mkdir(parents=True)
        index = {"info": {"subdir": place.name}, "packages": {}, "packages.conda": records, "repodata_version": 1}
        (place / "repodata.json").write_text(json.dumps(index), encoding="utf-8")
    return folder.as_uri()
