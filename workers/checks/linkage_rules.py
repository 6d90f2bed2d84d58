"""Which faults stop a package, and which are notes; ``docs/decisions/0020-what-linkage-faults-stop.md`` says why."""

from collections.abc import Iterable
from dataclasses import dataclass

from workers.checks.linkage_faults import Fault, Kind

STOPPING = frozenset({Kind.MISSING, Kind.UNDEFINED, Kind.NOT_FOUND, Kind.ARCHITECTURE, Kind.SYSTEM, Kind.BUILD_RPATH})
"""What is broken wherever the package is installed, or on a machine that it says it is for."""


@dataclass(frozen=True, slots=True)
class Strictness:
    """What a recipe asks for beyond the rule: ``overlinking_behavior`` and ``overdepending_behavior: error``."""

    undeclared: bool = False
    unused: bool = False

    @property
    def stopping(self) -> frozenset[Kind]:
        """All kinds that stop this package."""
        asked = {Kind.UNDECLARED: self.undeclared, Kind.UNUSED: self.unused}
        return STOPPING | {kind for kind, wanted in asked.items() if wanted}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The faults that stop a package, and the others; each in the order of kinds, paths and names."""

    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]

    @property
    def outcome(self) -> str:
        """A word of ``workers.contract.reports.Outcome``."""
        return "failed" if self.faults else "passed"

    @property
    def message(self) -> str:
        """The first fault and how many there are of each kind; of none the notes."""
        if not (self.faults or self.notes):
            return ""
        first = (self.faults or self.notes)[0].sentence
        told = [f"{len(found)} {word}" for found, word in ((self.faults, "fault"), (self.notes, "note")) if found]
        counts = [f"{text}s" if not text.startswith("1 ") else text for text in told]
        return f"{first} ({', '.join(counts)}: {', '.join(_by_kind((*self.faults, *self.notes)))})"


def judge(found: Iterable[Fault], strictness: Strictness) -> Verdict:
    """Pure, and the same whatever the order of ``found``."""
    order = list(Kind)
    ordered = sorted(set(found), key=lambda fault: (order.index(fault.kind), fault.path, fault.about, fault.sentence))
    stopping = strictness.stopping
    return Verdict(
        tuple(fault for fault in ordered if fault.kind in stopping),
        tuple(fault for fault in ordered if fault.kind not in stopping),
    )


def _by_kind(faults: Iterable[Fault]) -> list[str]:
    counts: dict[Kind, int] = {}
    for fault in faults:
        counts[fault.kind] = counts.get(fault.kind, 0) + 1
    return [f"{kind.value} {count}" for kind, count in counts.items()]
