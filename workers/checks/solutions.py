"""What is in an environment: asked of py-rattler, which keeps the solver's words, over channels that are read once."""

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.builders.orders import Sources

if TYPE_CHECKING:
    from rattler import Gateway, GenericVirtualPackage, RepoDataRecord, VirtualPackage

_DIGEST = re.compile(r'\[sha256="[0-9a-f]{64}"\]')
"""In the solver's words; it pins the package, and says nothing to people."""


class NoEnvironmentError(Exception):
    """An environment cannot be made; ``outcome`` says whose fault that is."""

    def __init__(self, outcome: str, words: str) -> None:
        super().__init__(words)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an environment must have. ``lowest`` are requirements of which the oldest allowed versions are taken."""

    specs: tuple[str, ...]
    lowest: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[frozenset[str], frozenset[str]]:
        """The same for whatever needs the same environment."""
        return frozenset(self.specs), frozenset(self.lowest)


@dataclass(frozen=True, slots=True)
class Solution:
    """The packages of an environment."""

    records: tuple["RepoDataRecord", ...]
    lowest: tuple[str, ...] = ()
    """``name version`` of what was taken as old as allowed."""


@dataclass(slots=True)
class Solver:
    """Asks for machines of ``subdir``; one gateway reads the channels' indexes for all questions."""

    sources: Sources
    subdir: str
    solves: int = 0
    """How often it was asked."""
    _gateway: "Gateway | None" = None

    def solve(self, wanted: Wanted) -> Solution:
        """What has all that is wanted. Raises NoEnvironmentError."""
        if not wanted.lowest:
            return Solution(self._ask(wanted.specs))
        old = self._ask(wanted.lowest, "lowest-direct", wanted.specs)
        names = {name_of(spec) for spec in wanted.lowest}
        taken = [record for record in old if record.name.normalized in names]
        pins = [f"{record.name.normalized} =={record.version}" for record in taken]
        told = tuple(f"{record.name.normalized} {record.version}" for record in taken)
        try:
            return Solution(self._ask((*wanted.specs, *wanted.lowest, *pins)), told)
        except NoEnvironmentError as error:
            words = f"Beside {', '.join(told)}, as old as allowed: {error}"
            raise NoEnvironmentError(error.outcome, words) from error

    def _ask(
        self, specs: Sequence[str], strategy: str = "highest", constraints: Sequence[str] = ()
    ) -> tuple["RepoDataRecord", ...]:
        from rattler.exceptions import FetchRepoDataError, GatewayError, InvalidMatchSpecError, IoError, SolverError

        self.solves += 1
        try:
            return tuple(asyncio.run(self._query(specs, strategy, constraints)))
        except SolverError as error:
            raise NoEnvironmentError("unsolvable", _DIGEST.sub("", str(error).strip())) from error
        except InvalidMatchSpecError as error:
            raise NoEnvironmentError("failed", f"The test asks for what is no requirement: {error}") from error
        except (GatewayError, FetchRepoDataError, IoError, OSError) as error:
            raise NoEnvironmentError("infrastructure", f"The channels could not be read: {told(error)}") from error

    async def _query(self, specs: Sequence[str], strategy: Any, constraints: Sequence[str]) -> list["RepoDataRecord"]:
        from rattler import Gateway, MatchSpec, Subdir, solve
        from rattler.channel import ChannelPriority

        self._gateway = self._gateway or Gateway(cache_dir=_index_cache())
        strict = self.sources.priority == "strict"
        return await solve(
            list(self.sources.channels), [MatchSpec(spec) for spec in specs], gateway=self._gateway, strategy=strategy,
            platforms=[Subdir(self.subdir), Subdir("noarch")], virtual_packages=virtual_packages(),
            channel_priority=ChannelPriority.Strict if strict else ChannelPriority.Disabled,
            constraints=[MatchSpec(spec) for spec in constraints],
        )  # fmt: skip


def _index_cache() -> Path | None:
    """Where the builder keeps the channels' indexes, too: left to itself the gateway would use the home folder."""
    root = os.environ.get("RATTLER_CACHE_DIR", "")
    return Path(root) / "repodata" if root else None


def virtual_packages() -> list["GenericVirtualPackage | VirtualPackage"]:
    """What this machine offers; ``CONDA_OVERRIDE_*`` may say otherwise."""
    from rattler import VirtualPackage, VirtualPackageOverrides

    return list(VirtualPackage.detect(VirtualPackageOverrides.from_env()))


def name_of(spec: str) -> str:
    """The package that a requirement names; empty where it names none."""
    from rattler import MatchSpec

    name = MatchSpec(spec).name
    return name.normalized if name is not None else ""


def told(error: Exception) -> str:
    """What an error says, or is."""
    return str(error).strip() or repr(error)
