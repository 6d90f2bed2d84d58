"""What a child is told: a JSON file that the runner writes, the contract's orders with places added.

Without pydantic, which would cost every child more than its own start.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Priority = Literal["strict", "disabled"]
Strategy = Literal["highest", "lowest_direct"]


@dataclass(frozen=True, slots=True)
class File:
    """A package file as planned."""

    name: str
    version: str
    build: str
    subdir: str
    file_name: str


@dataclass(frozen=True, slots=True)
class Parent:
    """A package that must be in the environment ``section``, exactly this file."""

    name: str
    file_name: str
    section: str
    needed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where packages come from: absolute URLs, highest priority first; whether the first with a name hides the rest."""

    channels: tuple[str, ...]
    priority: Priority


@dataclass(frozen=True, slots=True)
class Form:
    """One recipe file and the variants that it is rendered for."""

    recipe_file: Path
    variant_file: Path


@dataclass(frozen=True, slots=True)
class BuildTask:
    """Build ``files`` in this order from what ``forms`` render to together."""

    forms: tuple[Form, ...]
    output_folder: Path
    target_platform: str
    build_platform: str
    build_number: int
    package_format: str
    files: tuple[File, ...]
    parents: tuple[Parent, ...]
    sources: Sources


@dataclass(frozen=True, slots=True)
class CheckTask:
    """Run every test of the package file at ``package``, one by one, on a machine of ``subdir``."""

    package: Path
    sources: Sources
    folder: Path
    """Where environments, copies of the test files and lists of cases may lie."""
    subdir: str
    strategy: Strategy = "highest"


def read_build(path: Path) -> BuildTask:
    """The build that the runner ordered."""
    order, given = _read(path)
    spec = order["order"]
    return BuildTask(
        forms=tuple(Form(Path(recipe), Path(variants)) for recipe, variants in given["forms"]),
        output_folder=Path(given["output"]),
        target_platform=spec["target_platform"],
        build_platform=spec["build_platform"],
        build_number=spec["build_number"],
        package_format=order["package_format"],
        files=tuple(_file(file) for file in spec["files"]),
        parents=tuple(_parent(parent) for parent in spec["parents"]),
        sources=_sources(order, given),
    )


def read_check(path: Path) -> CheckTask:
    """The test run that the runner ordered."""
    order, given = _read(path)
    return CheckTask(
        package=Path(given["package"]),
        sources=_sources(order, given),
        folder=Path(given["folder"]),
        subdir=given["subdir"],
        strategy=order["order"]["strategy"],
    )


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return document["spec"], document["given"]


def _sources(order: dict[str, Any], given: dict[str, Any]) -> Sources:
    return Sources(tuple(given["channels"]), order["channel_priority"])


def _file(said: dict[str, Any]) -> File:
    return File(said["name"], said["version"], said["build"], said["subdir"], said["file_name"])


def _parent(said: dict[str, Any]) -> Parent:
    return Parent(said["name"], said["file_name"], said["section"], tuple(said["needed_by"]))
