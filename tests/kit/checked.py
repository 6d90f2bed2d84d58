"""Package files carrying as a worker's child tests them, in this process; and packages with programs to test."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.kit.orders import HERE, index
from tests.kit.packages import Member, Package
from workers.builders import events
from workers.builders.events import Speaker
from workers.builders.orders import CheckTask, Sources, Strategy
from workers.checks.package import check


@dataclass(frozen=True)
class Checked:
    """What came of a test run, and what it said."""

    result: events.Result
    log: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.log)

    @property
    def outcomes(self) -> list[str]:
        return [test.outcome for test in self.result.tests]


def checked(package: Path, folder: Path, channels: Sequence[str] = (), strategy: Strategy = "highest") -> Checked:
    """Run every test of ``package``."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    task = CheckTask(package, Sources(tuple(channels), "disabled"), folder / "checks", HERE, strategy)
    said = folder / "said"
    descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        result = check(task, Speaker(descriptor))
    finally:
        os.close(descriptor)
    heard = [events.parse(line) for line in said.read_text(encoding="utf-8").splitlines()]
    return Checked(result, [text for line in heard if isinstance(line, events.Line) for text in line.text.split("\n")])


class Runnable(Package):
    """A package whose files below ``bin/`` can be run."""

    def members(self) -> list[Member]:
        members = super().members()
        for member in members:
            member.mode = 0o755 if member.name.startswith("bin/") else member.mode
        return members


def carrying(*tests: object, name: str = "toy", **more: object) -> Runnable:
    """A package that carries these tests, in the new format."""
    info = {"info/tests/tests.yaml": yaml.safe_dump(list(tests)).encode()}
    return Runnable(name=name, subdir=HERE, info=info | more.pop("info", {}), **more)  # type: ignore[arg-type, operator]


def program(name: str, script: str, **more: object) -> Runnable:
    """A package of one program, which is a shell script."""
    files = {f"bin/{more.pop('program', name)}": f"#!/bin/sh\n{script}\n".encode()}
    return Runnable(name=name, subdir=HERE, files=files, **more)  # type: ignore[arg-type]


def python(version: str = "3.11.4") -> Runnable:
    """A package ``python`` that hands on to the interpreter of the tests, which has pytest."""
    return program("python", f'exec "{sys.executable}" "$@"', version=version)


def channel_of(folder: Path, *packages: Package) -> str:
    """A channel of these packages; its URL."""
    (folder / "noarch").mkdir(parents=True, exist_ok=True)
    for package in packages:
        package.write(folder)
    index(folder)
    return folder.as_uri()
