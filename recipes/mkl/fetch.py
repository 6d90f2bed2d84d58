#!/usr/bin/env python3
"""Fill the cache of sources before a build, with this interpreter's own pip and the user's configuration of it.

    python recipes/mkl/fetch.py [--into FOLDER] [--python 3.11] [--subdir linux-64] [TREE ...]

Every ``sources.toml`` below the given trees (this one and its changes, when none is given) is read, and what the cache
lacks is downloaded and checked. Running it again downloads nothing. Builds then need no network.
"""

import argparse
import platform
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREES = [folder for folder in (HERE, HERE.parent / "mkl-changes") if folder.is_dir()]
sys.path.insert(0, str(HERE / "pip-source"))

import pip_source  # noqa: E402

SUBDIRS = {
    ("Linux", "x86_64"): "linux-64", ("Linux", "aarch64"): "linux-aarch64", ("Darwin", "arm64"): "osx-arm64",
    ("Darwin", "x86_64"): "osx-64", ("Windows", "AMD64"): "win-64",
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fill the cache of sources before a build.")
    parser.add_argument("--into", type=Path, default=pip_source.cache_folder(), help="the cache (default: %(default)s)")
    parser.add_argument("--python", default=f"{sys.version_info.major}.{sys.version_info.minor}", help="of the built packages")
    parser.add_argument("--subdir", default=SUBDIRS.get((platform.system(), platform.machine()), "linux-64"))
    parser.add_argument("trees", nargs="*", type=Path, default=TREES, metavar="TREE")
    return parser.parse_args()


def wanted(trees: list[Path], subdir: str, python: str) -> list[pip_source.Source]:
    files = sorted(path for tree in trees for path in tree.rglob("sources.toml"))
    return list(dict.fromkeys(source for path in files for source in pip_source.fitting(path, subdir, python)))


def main() -> int:
    given, start = arguments(), time.monotonic()
    try:
        sources = wanted(given.trees, given.subdir, given.python)
        absent = pip_source.missing(sources, given.into)
        if absent:
            pip_source.bring(absent, given.into, given.python, [sys.executable, "-m", "pip"])
    except pip_source.SourceError as error:
        print(f"fetch: {error}", file=sys.stderr)
        return 1
    size = sum((given.into / source.file).stat().st_size for source in sources)
    print(f"fetch: {len(sources)} files, {size / 1e6:.0f} MB, in {given.into}; "
          f"{len(absent)} of them downloaded now, {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
