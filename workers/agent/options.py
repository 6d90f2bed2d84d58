"""The worker's command line and its twins in the environment; every knob has both."""

import argparse
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.agent.machine import native_subdir
from workers.contract.platforms import is_label, is_pool
from workers.contract.version import __version__

_EPILOG = """\
Every option of `run` has a twin in the environment: FARM_SERVER, FARM_BROKER, FARM_POOL and FARM_LABELS (comma
separated),
FARM_WORKER_NAME, FARM_WORKER_TOKEN_FILE, FARM_WORK_DIR, FARM_CACHE_DIR, FARM_POLL_SECONDS, FARM_PASS_ENV (comma
separated). Options beat the environment. SIGTERM or Ctrl-C finishes the running job and ends; a second one ends it
at once.
"""


_RUN: dict[str, dict[str, Any]] = {
    "--server": {"metavar": "URL", "help": "the controller's address"},
    "--broker": {"metavar": "URL", "help": "Redis or Valkey, where bells ring; not needed with --once"},
    "--pool": {
        "metavar": "POOL", "action": "append", "help": "a pool to serve, as linux-64; auto is this machine's",
    },
    "--label": {"metavar": "LABEL", "action": "append", "help": "what jobs may ask of this machine, as gpu"},
    "--name": {"help": "the worker's name, unique in the farm (default: host name and process id)"},
    "--token-file": {"metavar": "FILE", "help": "file with the workers' token"},
    "--work-dir": {"metavar": "DIR", "help": "folder for builds and caches; workers of a machine may share it"},
    "--cache-dir": {
        "metavar": "DIR",
        "help": "folder for fetched packages, of this worker alone: two that fill it at once spoil each other's work",
    },
    "--poll-seconds": {"type": float, "metavar": "N", "help": "ask for work at least this often (default: 15)"},
    "--pass-env": {"metavar": "NAME", "action": "append", "help": "a variable that builds may see"},
    "--parent-pid": {"type": int, "default": 0, "metavar": "N", "help": "drain when this process is gone"},
    "--once": {"action": "store_true", "help": "do what work there is, then end"},
}  # fmt: skip


class UsageError(Exception):
    """What was given is not enough, or makes no sense."""


@dataclass(frozen=True, slots=True)
class Options:
    """How one worker is to run."""

    server: str
    broker: str
    pools: tuple[str, ...]
    name: str
    token_file: Path
    work: Path
    cache: Path
    poll_seconds: float
    passed: tuple[str, ...]
    parent: int
    once: bool
    labels: tuple[str, ...] = ()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(
        prog="farm-worker", description="A worker of Condafarm: claims jobs, builds and tests packages, reports.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    root.add_argument("--version", action="version", version=f"farm-worker {__version__}")
    commands = root.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="work until told to stop", epilog=_EPILOG)
    for name, more in _RUN.items():
        run.add_argument(name, **more)
    check = commands.add_parser("check", help="say what this machine offers")
    check.add_argument("--work-dir", metavar="DIR", help="folder for builds and caches")
    return root


def read(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Options:
    """Options of ``run``, from the command line, else the environment. Raises UsageError."""

    def given(option: str, variable: str, default: str = "") -> str:
        return getattr(arguments, option) or environment.get(variable, default)

    work = Path(given("work_dir", "FARM_WORK_DIR", "farm-work")).absolute()
    name = given("name", "FARM_WORKER_NAME", f"{platform.node() or 'worker'}-{os.getpid()}")
    options = Options(
        server=given("server", "FARM_SERVER"),
        broker=given("broker", "FARM_BROKER"),
        pools=_pools(arguments.pool or _split(environment.get("FARM_POOL", "auto"))),
        name=name,
        token_file=Path(given("token_file", "FARM_WORKER_TOKEN_FILE")),
        work=work,
        cache=Path(given("cache_dir", "FARM_CACHE_DIR", str(work / "cache" / name))).absolute(),
        poll_seconds=float(arguments.poll_seconds or environment.get("FARM_POLL_SECONDS", "15")),
        passed=tuple(arguments.pass_env or _split(environment.get("FARM_PASS_ENV", ""))),
        parent=arguments.parent_pid,
        once=arguments.once,
        labels=_labels(arguments.label or _split(environment.get("FARM_LABELS", ""))),
    )
    _expect(options)
    return options


def _expect(options: Options) -> None:
    needed = [
        (options.server, "--server or FARM_SERVER: the controller's address"),
        (options.broker or options.once, "--broker or FARM_BROKER: the Redis or Valkey where bells ring"),
        (options.token_file.name, "--token-file or FARM_WORKER_TOKEN_FILE: the file worker-token of the controller"),
    ]
    missing = [what for value, what in needed if not value]
    if missing:
        raise UsageError(f"Missing: {'; '.join(missing)}.")
    if not options.token_file.is_file():
        raise UsageError(f"There is no token file {options.token_file}. Copy the controller's worker-token there.")


def _pools(named: Sequence[str]) -> tuple[str, ...]:
    pools = tuple(dict.fromkeys(native_subdir() if name == "auto" else name for name in named))
    wrong = [name for name in pools if not is_pool(name)]
    if wrong:
        raise UsageError(
            f"'{', '.join(wrong)}' is no pool. A pool is a subdir, optionally with a class: linux-64.large."
        )
    return pools


def _labels(named: Sequence[str]) -> tuple[str, ...]:
    wrong = [name for name in named if not is_label(name)]
    if wrong:
        raise UsageError(f"'{', '.join(wrong)}' is no label. Letters, digits, dots, dashes: gpu, fast-disk.")
    return tuple(dict.fromkeys(named))


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
