"""The other side of the farm: somebody who installs from a channel, with py-rattler over HTTP."""

import asyncio
import os
import subprocess
from pathlib import Path

import rattler
from rattler import install, solve


def install_from(channel: str, specs: list[str], prefix: Path, cache: Path) -> dict[str, str]:
    """A fresh prefix with these packages; answers name to version. Raises rattler's SolverError."""
    return asyncio.run(_install(channel, specs, prefix, cache))


async def _install(channel: str, specs: list[str], prefix: Path, cache: Path) -> dict[str, str]:
    virtual = [package.into_generic() for package in rattler.VirtualPackage.detect()]
    gateway = rattler.Gateway(cache_dir=cache / "repodata")
    records = await solve([channel], specs, gateway=gateway, virtual_packages=virtual)
    await install(records, target_prefix=prefix, cache_dir=cache / "packages", show_progress=False)
    return {record.name.normalized: str(record.version) for record in records}


def run_in(prefix: Path, *line: str) -> str:
    """Run a program of the prefix as an activated shell would; answers what it prints."""
    path = f"{prefix / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "CONDA_PREFIX": str(prefix)}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([str(prefix / "bin" / line[0]), *line[1:]], env=environment, capture_output=True, text=True,
                          check=True)  # fmt: skip
    return done.stdout.strip()
