"""The other side of the farm: somebody who installs from a channel, with py-rattler over HTTP."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import rattler
from rattler import RepoDataRecord, install, solve
from rattler.exceptions import SolverError

from controller.cli.demo.stage import DemoError


def install_from(channel: str, specs: list[str], prefix: Path, cache: Path) -> dict[str, str]:
    """A fresh prefix with these packages; answers name to version. Raises DemoError when they cannot be had."""
    said = _in_a_process(channel, specs, cache, prefix)
    if "why" in said:
        raise DemoError(f"{', '.join(specs)} cannot be installed: {said['why']}", remedy="Look at the channel.")
    return dict(said["versions"])


def why_not(channel: str, specs: list[str], cache: Path) -> str:
    """The solver's words on why these cannot be had together; empty when they can."""
    return str(_in_a_process(channel, specs, cache, None).get("why", ""))


def _in_a_process(channel: str, specs: list[str], cache: Path, prefix: Path | None) -> dict[str, Any]:
    """Solve, and install where a prefix is named, in a process of its own.

    py-rattler's threads have been seen to crash a process at its very end, after all was done; so what the
    process said is what counts, and not how it ended.
    """
    order = json.dumps({"channel": channel, "specs": specs, "cache": str(cache), "prefix": str(prefix or "")})
    done = subprocess.run([sys.executable, "-m", __name__, order], capture_output=True, text=True, check=False)
    try:
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))
    except (IndexError, ValueError):
        raise DemoError(f"The installing client ended without a word: {done.stderr[-500:]}") from None


async def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    cache = Path(order["cache"])
    try:
        if not order["prefix"]:
            await _solve(order["channel"], order["specs"], cache)
            return {}
        return {"versions": await _install(order["channel"], order["specs"], Path(order["prefix"]), cache)}
    except SolverError as error:
        return {"why": str(error)}


async def _install(channel: str, specs: list[str], prefix: Path, cache: Path) -> dict[str, str]:
    records = await _solve(channel, specs, cache)
    await install(records, target_prefix=prefix, cache_dir=cache / "packages", show_progress=False)
    return {record.name.normalized: str(record.version) for record in records}


async def _solve(channel: str, specs: list[str], cache: Path) -> list[RepoDataRecord]:
    """Reads the channel anew: what it held a moment ago is not asked for."""
    virtual = [package.into_generic() for package in rattler.VirtualPackage.detect()]
    gateway = rattler.Gateway(cache_dir=cache / "repodata")
    return await solve([channel], specs, gateway=gateway, virtual_packages=virtual)


def run_in(prefix: Path, *line: str) -> str:
    """Run a program of the prefix as an activated shell would; answers what it prints."""
    path = f"{prefix / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "CONDA_PREFIX": str(prefix)}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([str(prefix / "bin" / line[0]), *line[1:]], env=environment, capture_output=True, text=True,
                          check=True)  # fmt: skip
    return done.stdout.strip()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_carry_out(json.loads(sys.argv[1])))), flush=True)  # noqa: T201 -- for the parent
