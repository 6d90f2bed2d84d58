"""Environments for tests: solved once for each distinct set of requirements, made of hard links to the worker's cache.

A test that changes its environment does not hand it on: the next test has it made anew, of the same
records, and a file of the cache that was changed through its hard link is taken out of the cache.
"""

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from workers.builders.orders import Sources
from workers.checks.archives import Archive
from workers.checks.footprints import Footprint
from workers.checks.own_channels import write_channel
from workers.checks.solutions import NoEnvironmentError, Solution, Solver, Wanted, told

if TYPE_CHECKING:
    from rattler import RepoDataRecord

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Environment:
    """A made environment. ``prefix/conda-meta/*.json`` are rattler's records of what is in it."""

    prefix: Path
    records: tuple["RepoDataRecord", ...]
    lowest: tuple[str, ...] = ()
    """``name version`` of what was taken as old as allowed."""

    def record_of(self, name: str) -> "RepoDataRecord | None":
        """The record of a package by its name."""
        return next((record for record in self.records if record.name.normalized == name), None)

    def names(self) -> list[str]:
        """Name, version and build of all that it has."""
        return sorted(f"{each.name.normalized} {each.version} {each.build}" for each in self.records)

    def package_folder(self, name: str) -> Path | None:
        """The unpacked package of that name, in the worker's cache: to read, never to write."""
        for path in (self.prefix / "conda-meta").glob(f"{name.lower()}-*.json"):
            said = json.loads(path.read_text(encoding="utf-8"))
            if str(said.get("name")).lower() == name.lower() and said.get("extracted_package_dir"):
                return Path(said["extracted_package_dir"])
        return None


@dataclass(slots=True)
class _Made:
    prefix: Path
    records: tuple["RepoDataRecord", ...]
    footprint: Footprint


@dataclass(slots=True)
class Environments:
    """Makes the environments of one run below ``folder``."""

    solver: Solver
    folder: Path
    installs: int = 0
    """How often one was made."""
    _archives: list[Archive] = field(default_factory=list)
    _solved: dict[Any, Solution | NoEnvironmentError] = field(default_factory=dict)
    _made: dict[tuple[str, ...], _Made | NoEnvironmentError] = field(default_factory=dict)

    def make(self, wanted: Wanted) -> Environment:
        """The environment that has what is wanted, made or as an earlier test left it. Raises NoEnvironmentError.

        Different requirements may have one solution; then they share one environment.
        """
        solution = self._once(self._solved, wanted.key, lambda: self.solver.solve(wanted))
        files = tuple(sorted(record.url for record in solution.records))
        known = files in self._made
        made = self._once(self._made, files, lambda: self._install(self._place(), solution.records))
        if known and not made.footprint.is_as_it_was():
            made = self._made[files] = self._again(made)
        return Environment(made.prefix, solution.records, solution.lowest)

    @property
    def subdir(self) -> str:
        """The machine's."""
        return self.solver.subdir

    @staticmethod
    def _once(known: "dict[K, V | NoEnvironmentError]", key: "K", find: "Callable[[], V]") -> "V":
        """What was found for ``key``, found now if it was not; so are errors."""
        if key not in known:
            try:
                known[key] = find()
            except NoEnvironmentError as error:
                known[key] = error
        found = known[key]
        if isinstance(found, NoEnvironmentError):
            raise found
        return found

    def add_channel(self, archive: Archive) -> None:
        """Let ``archive`` be found before all else, in a channel of its own."""
        self._archives.append(archive)
        channel = write_channel(self.folder / f"channel-{archive.sha256[:12]}", archive)
        known = self.solver.sources
        self.solver.sources = Sources((channel, *known.channels), known.priority)

    def close(self) -> list[Path]:
        """Give the cache back clean: what was taken out of it, because a test wrote into a file that others share."""
        made = [each for each in self._made.values() if isinstance(each, _Made)]
        return [
            folder for each in made if not each.footprint.is_as_it_was() for folder in each.footprint.evict_changed()
        ]

    def _place(self) -> Path:
        return self.folder / f"env{len(self._made)}"

    def _again(self, made: _Made) -> _Made:
        """Made anew, without what a test has done to it."""
        made.footprint.evict_changed()
        shutil.rmtree(made.prefix, ignore_errors=True)
        return self._install(made.prefix, made.records)

    def _install(self, prefix: Path, records: tuple["RepoDataRecord", ...]) -> _Made:
        from rattler import install

        self.installs += 1
        try:
            asyncio.run(install(list(records), prefix, execute_link_scripts=True, show_progress=False))
        except Exception as error:
            if not isinstance(error, OSError) and not type(error).__module__.startswith(("rattler", "exceptions")):
                raise
            self._blame_archive(error)
            raise NoEnvironmentError("infrastructure", f"The environment could not be made: {told(error)}") from error
        return _Made(prefix, records, Footprint.of(prefix))

    def _blame_archive(self, error: Exception) -> None:
        """Raises NoEnvironmentError if it was a package under test that could not be unpacked."""
        for archive in self._archives:
            if not archive.can_be_unpacked(self.folder / "unpacked"):
                raise NoEnvironmentError("failed", f"{archive.path.name} cannot be unpacked: {told(error)}") from error
