"""What this machine permits: namespaces, mounts, a Postgres of our own. What is not there is said, and not faked."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HUB = "10.77.0.1"
"""Where controllers and broker answer inside of the namespace."""
_APART = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
_TRY = "ip link set lo up && ip link add hub type bridge && mkdir -p /run/netns && mount -t tmpfs none /run/netns"


@dataclass(frozen=True, slots=True)
class Grounds:
    """``missing`` holds a sentence for each thing that cannot be done here."""

    apart: bool
    postgres: Path | None
    """Folder of ``initdb`` and ``postgres``; None without Postgres, or where only a shared server is at hand."""
    missing: tuple[str, ...] = ()


def look(database: str, *, plain: bool) -> Grounds:
    """Find out, by trying. ``plain`` takes it that nothing special is permitted."""
    missing: list[str] = []
    programs = None if plain or database != "postgres" else _postgres_programs()
    if database == "postgres" and programs is None:
        missing.append("no Postgres of our own: sessions on the local server are ended in place of a restart")
    why = "not wanted" if plain else why_not_apart()
    if not why and database == "postgres" and programs is None:
        why = "the local Postgres could not be reached from there"
    if why:
        missing.append(f"no namespaces ({why}): no network is cut and no disk filled")
    return Grounds(not why, programs, tuple(missing))


def why_not_apart() -> str:
    """Why namespaces, a bridge and a mount cannot be had, or nothing."""
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        return "root, unshare and ip are needed"
    done = subprocess.run([*_APART, "sh", "-c", _TRY], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"


def apart(command: list[str]) -> list[str]:
    """The command in namespaces of its own, whose processes and mounts all end with it. The shell there reaps."""
    return [*_APART, "bash", "-c", f'{_TRY} && "$@"; exit $?', "nemesis", *command]


def _postgres_programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    fit = [folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return fit[0] if fit and (os.geteuid() != 0 or shutil.which("setpriv")) else None


def as_nobody_special() -> list[str]:
    """Postgres does not run as root: what to put before its commands."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
