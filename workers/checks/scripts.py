"""Running the script of a test: its environment is activated by the system's shell, which then runs the script.

The activation is what py-rattler writes for the shell. As in rattler-build, commands of ``bash`` stop at the first
that fails and are shown as they run; ``cmd`` looks at the error level after each. Each script is a process tree of its
own, and nothing of it is left when it has ended.
"""

import os
import shlex
import shutil
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.agent import process
from workers.checks.definitions import Script
from workers.checks.environments import Environment
from workers.checks.variables import Scene

WINDOWS = sys.platform == "win32"
_ENDLESS = process.Bounds(float("inf"), float("inf"))
"""Whoever runs the whole check watches its time and its silence."""
_PROGRAMS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "bash": ("bash", "sh", ()),
    "cmd": ("cmd.exe", "bat", ("/d", "/c")),
    "python": ("python", "py", ()),
    "perl": ("perl", "pl", ()),
    "lua": ("lua", "lua", ()),
    "rscript": ("Rscript", "R", ()),
    "ruby": ("ruby", "rb", ()),
    "node": ("node", "js", ()),
    "nodejs": ("node", "js", ()),
    "nushell": ("nu", "nu", ()),
    "nu": ("nu", "nu", ()),
    "brush": ("brush", "sh", ()),
    "powershell": ("pwsh", "ps1", ("-NoLogo", "-NoProfile")),
}
"""Word of the recipe to program, ending of its files, and options."""
_POWERSHELL_HEAD = "$ErrorActionPreference = 'Stop'\n$PSNativeCommandUseErrorActionPreference = $true\n"


_NO_ERROR = "@(call )\n"
"""Sets cmd's error level to 0, whatever the activation left."""


class NotHereError(Exception):
    """The script is for another system."""


class UnknownInterpreterError(Exception):
    """No such interpreter is known."""


@dataclass(frozen=True, slots=True)
class Job:
    """A script with all that it runs in. Its own files lie in ``room``, which is not the folder it runs in."""

    script: Script
    scene: Scene
    variables: Mapping[str, str]
    more: Mapping[str, str]
    """Variables that count more than the script's own."""
    room: Path


def run(job: Job, on_line: Callable[[str], None]) -> int:
    """Run a script to its end; its exit status, 128 and more for a signal. Raises NotHereError."""
    job.room.mkdir(parents=True, exist_ok=True)
    wrapper = job.room / ("run.bat" if WINDOWS else "run.sh")
    text = _wrapper(job).replace("\r\n", "\n")
    wrapper.write_text(text, encoding="utf-8", newline="\r\n" if WINDOWS else "\n")
    command = (os.environ.get("COMSPEC", "cmd.exe"), "/d", "/c", str(wrapper)) if WINDOWS else ("bash", str(wrapper))
    variables = dict(job.variables) | _secrets(job.script) | dict(job.script.environment) | dict(job.more)
    hidden = {value: "********" for value in _secrets(job.script).values() if value} | _own_paths(job)

    def hear(line: str) -> None:
        for path, name in hidden.items():
            line = line.replace(path, name)
        on_line(line)

    return process.run(process.Command(command, variables, job.scene.folder), _ENDLESS, hear, threading.Event()).code


def _secrets(script: Script) -> dict[str, str]:
    return {name: os.environ[name] for name in script.secrets if name in os.environ}


def _own_paths(job: Job) -> dict[str, str]:
    """What is shown in place of this run's own paths, so that logs of two runs can be laid side by side."""
    scene = job.scene
    form = "%{}%" if WINDOWS else "${}"
    tools = {str(scene.tools.prefix): form.format("BUILD_PREFIX")} if scene.tools else {}
    return tools | {
        str(scene.environment.prefix): form.format("PREFIX"),
        str(scene.folder): form.format("SRC_DIR"),
        f"{job.room}{os.sep}": "",
    }


def _wrapper(job: Job) -> str:
    """The shell script that activates and runs."""
    activation = "".join(_activation(each.prefix, job.scene.subdir) for each in _activated(job.scene))
    if WINDOWS:
        return f"@chcp 65001 > nul\n@echo off\n{activation}{_NO_ERROR}@echo on\n{_body(job)}\n"
    return f"set -e\n{activation}\nset -x\n{_body(job)}\n"


def _activated(scene: Scene) -> list[Environment]:
    return [scene.environment, *([scene.tools] if scene.tools else [])]


def _activation(prefix: Path, subdir: str) -> str:
    from rattler import Subdir
    from rattler.shell import ActivationVariables, Shell, activate

    path = os.environ.get("PATH", "") or os.defpath
    first = [part for part in path.split(os.pathsep) if part][:1]  # the rest follows by itself
    return (
        activate(
            prefix, ActivationVariables(None, first), Shell.cmd_exe if WINDOWS else Shell.bash, Subdir(subdir)
        ).script
        + "\n"
    )


def _body(job: Job) -> str:
    """What the shell runs once all is activated."""
    script = job.script
    interpreter = script.interpreter or ("cmd" if WINDOWS else "bash")
    if interpreter not in _PROGRAMS:
        raise UnknownInterpreterError(f"The test is for {interpreter!r}, which is no interpreter that is known here.")
    if interpreter == "cmd" and not WINDOWS:
        raise NotHereError("The test is a script for Windows.")
    if script.file:
        return _call(interpreter, job.scene.folder / script.file, script.options)
    if interpreter == ("cmd" if WINDOWS else "bash"):
        return _joined(script.commands) if script.commands else script.text
    return _call(interpreter, _written(job, interpreter), script.options)


def _joined(commands: Sequence[str]) -> str:
    if not WINDOWS:
        return "\n".join(commands)
    return "\n".join(f"{command}\n@if %errorlevel% neq 0 exit /b %errorlevel%" for command in commands)


def _written(job: Job, interpreter: str) -> Path:
    path = job.room / f"script.{_PROGRAMS[interpreter][1]}"
    text = "\n".join(job.script.commands) if job.script.commands else job.script.text
    path.write_text((_POWERSHELL_HEAD if interpreter == "powershell" else "") + text + "\n", encoding="utf-8")
    return path


def _call(interpreter: str, file: Path, options: Sequence[str]) -> str:
    """The line that has a file run by its interpreter."""
    program, _, always = _PROGRAMS[interpreter]
    if interpreter == "cmd":
        return f'call "{file}"'
    if interpreter == "powershell" and WINDOWS and shutil.which("pwsh") is None:
        program = "powershell"
    quoted = f'"{file}"' if WINDOWS else shlex.quote(str(file))
    return " ".join([program, *always, *options, quoted])
