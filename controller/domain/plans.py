"""Plans: what a change forces, each job and each omission with its rule, its spec and its path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from controller.domain.jobs import JobKind
from controller.domain.recipes import Output, Refusal


class Rule(StrEnum):
    """The rules that a plan cites: rows of rebuild-semantics 2.3, and the ways a change itself enters."""

    NEW = "new"
    """No artifact of this output exists in the target."""
    CHANGED = "changed"
    """Its recipe, or a file beside it, differs from what its artifact was built from."""
    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    R4 = "R4"
    R5 = "R5"
    R6 = "R6"
    R7 = "R7"
    R8 = "R8"
    R9 = "R9"
    R10 = "R10"
    R11 = "R11"
    R12 = "R12"
    R13 = "R13"
    R14 = "R14"
    R15 = "R15"
    R16 = "R16"
    R17 = "R17"
    R18 = "R18"
    R19 = "R19"
    R20 = "R20"
    MOVED = "moved"
    """Another channel has it in another build."""
    OVERRIDDEN = "overridden"
    """It would be rebuilt, but a person said no."""
    UNBUILDABLE = "unbuildable"
    """It would be rebuilt, but no worker can build it as its recipe is written."""
    RETEST = "retest"
    """It was to stay, and its tests fail with what is new (R17, found by testing)."""
    UNCHANGED = "unchanged"
    """What was built is the same as before, so nothing follows from it."""
    CURRENT = "current"
    """Nothing it is made of, and nothing it runs with, is touched."""


class Membership(StrEnum):
    """What a plan does about an output."""

    REBUILD = "rebuild"
    RETEST = "retest"
    EDIT = "recipe edit"
    """Text in its recipe, or a pin of the tree, is in the way; no rebuild can help."""
    BLOCKED = "blocked"
    """Would be rebuilt, but something beside it stays on the old package until it is repaired."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the rule, what it speaks of, and the path from the change to here.

    ``path`` starts at a changed output and ends at the member, package names in order.
    """

    rule: Rule
    about: str = ""
    """The package whose change is the cause."""
    spec: str = ""
    origin: str = ""
    path: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One output and what the plan does about it. ``reasons`` are in order of weight; the first decides."""

    output: Output
    membership: Membership
    reasons: tuple[Reason, ...]
    artifact: str = ""
    """``subdir/file name`` of its artifact in the target, where there is one."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A file of the target that nothing in the tree makes any more. It stays where it is, and is renewed no more."""

    artifact: str
    """``subdir/file name``."""
    name: str
    version: str
    subdir: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Decision:
    """Members by membership; every output of the reading is in exactly one."""

    members: tuple[Member, ...]
    refusals: tuple[Refusal, ...] = ()
    gone: tuple[Gone, ...] = ()
    moves: tuple[Reason, ...] = ()
    """Packages of other channels that moved, each as a reason."""

    def having(self, membership: Membership) -> tuple[Member, ...]:
        """The members with this membership, in the reading's order."""
        return tuple(m for m in self.members if m.membership is membership)


class PlannedJob(NamedTuple):
    """A job before it has an id. ``key`` names it within its plan; ``parents`` are keys of other jobs.

    A build job builds ``outputs`` in this order in one go. A test or retest job tests one file.
    """

    key: str
    kind: JobKind
    recipe: str
    name: str
    """For people: the package, or the first of several."""
    subdir: str
    pool: str
    wave: int
    outputs: tuple[Output, ...]
    reasons: tuple[Reason, ...]
    parents: frozenset[str] = frozenset()
    must_contain: Mapping[str, frozenset[str]] = MappingProxyType({})
    """For a build, by section (``build``, ``host``): file names of this plan that must be in that environment."""
    artifact: str = ""
    """For a retest: ``subdir/file name`` of the file in the target. For a test: of the planned file."""
    late: bool = False
    """A test that runs after its dependents' builds, since its own requirements close a cycle."""
    stage: int = 0
    """Above 0: a build that only carries a circle on to its next stage; what it makes is never published."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A need that closes a circle, and that something older must meet when its user is built first."""

    user: str
    provider: str
    spec: str
    section: str
    old: str = ""
    """``subdir/file name`` of what is there of the provider; empty where the target has nothing of that name."""
    excluded: str = ""
    """What stands against the old one, where that is not ``spec`` itself: a bound of its own."""


@dataclass(frozen=True, slots=True)
class Circle:
    """Packages that are built with each other: once with old ones where ``cuts`` says so, then with each other."""

    names: tuple[str, ...]
    """In the order they are built in."""
    subdir: str
    stages: int
    """How often each is built; what the last stage makes is published."""
    cuts: tuple[Cut, ...]
    exact: bool = True
    """Whether it is known that no fewer cuts would do."""


@dataclass(frozen=True, slots=True)
class Deadlock:
    """A circle that nothing old opens: it gets no jobs, and neither does what needs it.

    If the specs of ``cuts`` admitted something older, or a variant for bootstrapping did without them, it could be
    built; no smaller set would do.
    """

    names: tuple[str, ...]
    subdir: str
    cuts: tuple[Cut, ...]
    held: tuple[str, ...] = ()
    """Packages that are not built, since they need one of these."""
    files: tuple[str, ...] = ()
    """``subdir/file name`` of all that is not built."""


class NoticeKind(StrEnum):
    """What a plan says beside its members, of pins and migrations that people may have forgotten."""

    PIN_BEHIND = "pin left behind"
    """A package moved, and the pin of its name, or of another package of its recipe, did not."""
    ZIPPED_BEHIND = "zipped pin left behind"
    """One pin of a group that goes together moved, and another stays at the value that both had."""
    MIGRATIONS_OVERLAP = "migrations overlap"
    """Two migrations move the same pin, or pins that go together, and neither says that it waits for the other."""
    MIGRATION_DONE = "migration done"
    """The pin files say all that the migration would do; it can be closed."""
    MIGRATION_BROKEN = "migration broken"
    """It cannot be read, or not be applied: who uses its pins is not read, everybody else goes without it."""
    ALLOWLIST_MISSING = "allow list missing"
    """The file that says whom a migration is for is not there: it is for nobody."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One of them. Which fields are filled is the kind's; ``about`` is the pin, or the migration's file."""

    kind: NoticeKind
    about: str
    file: str = ""
    """Where a person would write."""
    line: int | None = None
    values: tuple[str, ...] = ()
    """What the pin is at."""
    beside: str = ""
    """The pin, or the migration, that it is seen beside."""
    now: str = ""
    """Where the package, or the other pin, is."""
    proposed: str = ""
    """The value that a person would write; empty where none can be told."""
    keys: tuple[str, ...] = ()
    """Pins of a migration."""
    users: tuple[str, ...] = ()
    """Packages that are kept on the old one."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole answer: jobs in waves, and every omission with its reason."""

    decision: Decision
    jobs: tuple[PlannedJob, ...]
    waves: int
    numbers: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    """(subdir, name, version) to the build number assigned."""
    circles: tuple[Circle, ...] = ()
    deadlocks: tuple[Deadlock, ...] = ()
    notices: tuple[Notice, ...] = ()
