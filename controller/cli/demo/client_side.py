"""The other side of the farm: somebody who installs from a channel, with py-rattler over HTTP."""

import asyncio
import os
import subprocess
from pathlib import Path

import rattler
from rattler import RepoDataRecord, install, solve
from rattler.exceptions import SolverError


def install_from(channel: str, specs: list[str], prefix: Path, cache: Path) -> dict[str, str]:
    """A fresh prefix with these packages; answers name to version. Raises rattler's SolverError."""
    return asyncio.run(_install(channel, specs, prefix, cache))


async def _install(channel: str, specs: list[str], prefix: Path, cache: Path) -> dict[str, str]:
    records = await _solve(channel, specs, cache)
    await install(records, target_prefix=prefix, cache_dir=cache / "packages", show_progress=False)
    return {record.name.normalized: str(record.version) for record in records}


async def _solve(channel: str, specs: list[str], cache: Path) -> list[RepoDataRecord]:
    """Reads the channel anew: what it held a moment ago is not asked for."""
    virtual = [package.into_generic() for package in rattler.VirtualPackage.detect()]
    gateway = rattler.Gateway(cache_dir=cache / "repodata")
    return await solve([channel], specs, gateway=gateway, virtual_packages=virtual)


def why_not(channel: str, specs: list[str], cache: Path) -> str:
    """The solver's words on why these cannot be had together; empty when they can."""
    try:
        asyncio.run(_solve(channel, specs, cache))
    except SolverError as error:
        return str(error)
    return ""


def run_in(prefix: Path, *line: str) -> str:
    """Run a program of the prefix as an activated shell would; answers what it prints."""
    path = f"{prefix / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "CONDA_PREFIX": str(prefix)}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([str(prefix / "bin" / line[0]), *line[1:]], env=environment, capture_output=True, text=True,
                          check=True)  # fmt: skip
    return done.stdout.strip()
