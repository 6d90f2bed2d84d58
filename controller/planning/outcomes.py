"""What came of a batch so far, as far as its plan depends on it: decided again with this, hopes give way to facts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from controller.domain.plans import Reason
from controller.domain.recipes import Output, RunExports
from controller.planning.index import Index

Identity = tuple[str, str, str, str, str]
"""Subdir, name, hash, version and recipe: an output, whatever its build number."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """By identity of the outputs."""

    still: frozenset[Identity] = frozenset()
    """Built, and the same as before: only what names its very build, or excludes it, is touched by it."""
    exports: Mapping[Identity, RunExports] = field(default_factory=dict)
    """Of what was built, where its file exports something else than its recipe promised."""
    forced: Mapping[Identity, Reason] = field(default_factory=dict)
    """What has to be rebuilt for a reason that only showed afterwards, or is being built already."""

    def places(self, index: Index) -> tuple[Collection[int], Mapping[int, Reason]]:
        """Those that are still, and those that are forced, by their place in an index."""
        wanted = self.still | self.forced.keys()
        if not wanted:
            return (), {}
        found = {key: place for place in range(index.own) if (key := identity(index.outputs[place])) in wanted}
        forced = {found[key]: reason for key, reason in self.forced.items() if key in found}
        return frozenset(found[key] for key in self.still if key in found), forced


NOTHING_YET = Outcomes()


def identity(output: Output) -> Identity:
    """What stays the same of an output when it gets another build number."""
    return (output.subdir, output.name, output.hash, output.version, output.recipe)
