"""Small programs and libraries that link each other, packages of them, and environments these are installed in."""

import asyncio
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from rattler import BuildString, Gateway, GenericVirtualPackage, PackageName, Subdir, Version, install, solve
from rattler.index import index_fs
from rattler.package_streaming import extract

from tests.kit.packages import Package

VIRTUAL = {"linux": ("__glibc", "2.40"), "osx": ("__osx", "26.0"), "win": ("__win", "0")}

needs_cc = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64") or shutil.which("cc") is None,
    reason="compiles ELF files of linux-64",
)


def cc(*arguments: object) -> None:
    subprocess.run(["cc", *map(str, arguments)], check=True, capture_output=True)


def _source(offers: Sequence[str], uses: Sequence[str]) -> str:
    declared = "".join(f"int {name}(void);\n" for name in uses)
    called = " + ".join(f"{name}()" for name in uses) or "0"
    body = "".join(f"int {name}(void) {{ return {at}; }}\n" for at, name in enumerate(offers))
    return f"{declared}{body}int own_{'_'.join(offers) or 'start'}(void) {{ return {called}; }}\n"


def shared(
    folder: Path,
    soname: str,
    offers: Sequence[str] = (),
    *,
    uses: Sequence[str] = (),
    links: Sequence[Path] = (),
    rpath: str = "$ORIGIN",
    versions: str = "",
    more: Sequence[str] = (),
) -> Path:
    """A library that needs nothing of the system: what it links is all that it needs."""
    folder.mkdir(parents=True, exist_ok=True)
    path, source, script = folder / soname, folder / f"{soname}.c", folder / f"{soname}.map"
    source.write_text(_source(offers, uses))
    script.write_text(versions)
    flags = [f"-Wl,--version-script={script}"] if versions else []
    flags += [f"-Wl,-rpath,{rpath}", "-Wl,--disable-new-dtags"] if rpath else []
    cc("-nostdlib", "-shared", "-fPIC", f"-Wl,-soname,{soname}", *flags, *more, "-o", path, source, *links)
    return path


def program(
    folder: Path, name: str, *, uses: Sequence[str] = (), links: Sequence[Path] = (), rpath: str = "$ORIGIN/../lib",
    more: Sequence[str] = (),
) -> Path:  # fmt: skip
    """A program that links ``links`` and nothing else, as if those who run it had no C library."""
    folder.mkdir(parents=True, exist_ok=True)
    path, source = folder / name, folder / f"{name}.c"
    source.write_text(_source((), uses))
    flags = [f"-Wl,-rpath,{rpath}", "-Wl,--disable-new-dtags"] if rpath else []
    quiet = "-Wl,--unresolved-symbols=ignore-in-shared-libs"
    cc("-nostdlib", "-Wl,-e,own_start", "-Wl,--export-dynamic", quiet, *flags, *more, "-o", path, source, *links)
    return path


def files(folder: str, *paths: Path) -> dict[str, bytes]:
    """Files of a package in one of its folders."""
    return {f"{folder}/{path.name}": path.read_bytes() for path in paths}


def installed(tmp: Path, *packages: Package, also: Sequence[str] = ()) -> tuple[Path, Path]:
    """The first of ``packages`` unpacked, and a prefix where it is installed with what it depends on."""
    for package in packages:
        package.write(tmp / "channel")
    first = packages[0]
    return installed_from(tmp / "channel", tmp, first.subdir, first.file_name, [first.name, *also])


def installed_from(channel: Path, tmp: Path, subdir: str, file_name: str, names: Sequence[str]) -> tuple[Path, Path]:
    """One file of a channel unpacked, and a prefix where packages of these names are installed."""
    folder, prefix = tmp / "unpacked", tmp / "prefix"
    extract(channel / subdir / file_name, folder)
    asyncio.run(_install(channel, names, subdir, prefix, tmp / "cache"))
    return folder, prefix


async def _install(channel: Path, names: Sequence[str], built_for: str, prefix: Path, cache: Path) -> None:
    subdir = "linux-64" if built_for == "noarch" else built_for
    (channel / "noarch").mkdir(exist_ok=True)
    await index_fs(channel, write_zst=False, write_shards=False)
    name, version = VIRTUAL[subdir.split("-", maxsplit=1)[0]]
    virtual = GenericVirtualPackage(PackageName(name), Version(version), BuildString("0"))
    records = await solve(
        [channel.as_uri()], list(names), gateway=Gateway(cache_dir=cache / "repodata"),
        platforms=[Subdir(subdir), Subdir("noarch")], virtual_packages=[virtual],
    )  # fmt: skip
    await install(
        records, target_prefix=prefix, cache_dir=cache / "packages", platform=Subdir(subdir), show_progress=False
    )
