"""Reading back from a package what it was really built against."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from workers.builders.orders import Parent

_RECORD = "info/recipe/rendered_recipe.yaml"
_SECTION = re.compile(r"^  (?P<name>build|host|run):")
_FILE = re.compile(r"^      fn: (?P<quote>['\"]?)(?P<file>.+?)(?P=quote)$")

Environments = Mapping[str, frozenset[str]]
"""Section (``build`` or ``host``) to the package files that were in it."""


def environments_of(package: Path) -> Environments:
    """The resolved build and host environments that the package records in itself."""
    return parse_environments(asyncio.run(_read(package)))


async def _read(package: Path) -> str:
    from rattler.package_streaming import PackageArchive

    archive = await PackageArchive.from_path(package)
    return (await archive.read_file(_RECORD) or b"").decode("utf-8")


def parse_environments(text: str) -> Environments:
    """``finalized_dependencies`` of a rendered recipe.

    The builder writes it by machine, always with the same indentation; so lines suffice, and a worker needs
    no YAML library for it.
    """
    files: dict[str, set[str]] = {"build": set(), "host": set(), "run": set()}
    section, within = "", False
    for line in text.splitlines():
        if not line.startswith(" "):
            section, within = "", line == "finalized_dependencies:"
        elif within and (found := _SECTION.match(line)):
            section = found["name"]
        elif section and (named := _FILE.match(line)):
            files[section].add(named["file"])
    return {name: frozenset(files[name]) for name in ("build", "host")}


def missing_parents(parents: Sequence[Parent], built: Mapping[str, Environments]) -> str:
    """Why ``built`` (file name to environments) lacks a planned parent, as a sentence; empty when it lacks none."""
    for parent in parents:
        where = [file for file in built if not parent.needed_by or file in parent.needed_by]
        lacking = [file for file in where if parent.file_name not in built[file][parent.section]]
        if len(lacking) > (0 if parent.needed_by else len(where) - 1):
            return _lacks(parent, lacking[0], built[lacking[0]][parent.section])
    return ""


def _lacks(parent: Parent, file: str, had: frozenset[str]) -> str:
    instead = sorted(name for name in had if name.rsplit("-", 2)[0] == parent.name)
    had_instead = f"it had {', '.join(instead)}" if instead else f"it had no {parent.name} at all"
    planned = f"{parent.file_name} in its {parent.section} environment"
    return f"{file} was not built against {planned}, as planned: {had_instead}."
