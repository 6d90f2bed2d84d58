"""The rules: what a moved package forces on one that uses it. Each is a pure function and cites its row.

Rows are those of rebuild-semantics 2.3. A rule answers None when it has nothing to say; the first that speaks decides.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from controller.domain.artifacts import Dependency
from controller.domain.plans import Membership, Reason, Rule
from controller.domain.recipes import Origin, Output, Requirement, Section
from controller.planning.specs import bound_of

INHERITED = frozenset({Origin.RUN_EXPORT, Origin.PIN_COMPATIBLE, Origin.PIN_SUBPACKAGE, Origin.VARIANT})
"""Bounds that a rebuild writes anew; text in a recipe stays what it is."""
PYTHON = "python"
PIN_FIRST = "the pin must move first"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says about one user of one moved package."""

    membership: Membership
    reason: Reason


@dataclass(frozen=True, slots=True)
class Touch:
    """A recorded dependency or constraint of ``user`` on a name whose package ``moved``."""

    user: Output
    moved: Output
    dependency: Dependency
    """With its traced origin."""
    admitted: bool
    """Whether what there will be of that name is admitted."""
    constrains: bool = False
    from_build: bool = False
    """Whether its exporter stands in the user's build section."""
    stuck: Requirement | None = None
    """What the recipe's text, or a pin of the tree, asks for and that keeps the user on an old exporter."""
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """``moved`` stands directly in the build or host section of a user, or of several that stand alike to it."""

    noarch: str
    """Of the user."""
    moved: Output
    section: Section
    took: bool
    """Whether the user's record carries anything that the package exports or exported."""
    runs: bool
    """Whether the user's record depends on the package itself."""
    moved_runs_python: bool = False
    renamed: bool = False
    """Whether nothing that the user took is exported any more."""
    exact: bool = False
    """Whether the user pins it exactly there."""
    stuck: Requirement | None = None

    def of_user(self, *, took: bool, stuck: Requirement | None) -> "Use":
        """The same of one user, with what only that one can tell."""
        return replace(self, took=took, stuck=stuck)


def is_exact(dependency: Dependency) -> bool:
    """Whether an exact pin wrote the dependency."""
    if dependency.origin is Origin.EXACT_PIN:
        return True
    return dependency.origin is not Origin.TEXT and bound_of(dependency.spec).names_one_build


def r11_exact(touch: Touch) -> Finding | None:
    """An exact pin names one build string: any new build of the package breaks it."""
    return _found(Membership.REBUILD, Rule.R11, touch) if is_exact(touch.dependency) else None


def r4_explicit(touch: Touch) -> Finding | None:
    """A host spec with a version, its own or a pin's, keeps the old package: a rebuild would change nothing."""
    if touch.admitted or touch.dependency.origin not in INHERITED or touch.stuck is None:
        return None
    return Finding(Membership.EDIT, kept_by(touch.stuck, touch.moved.name, touch.path))


def r18_constraint(touch: Touch) -> Finding | None:
    """A constraint excludes the new package: no environment can hold both."""
    if not touch.constrains or touch.admitted:
        return None
    again = touch.dependency.origin in INHERITED
    return _found(Membership.REBUILD if again else Membership.EDIT, Rule.R18, touch)


def r1_export(touch: Touch) -> Finding | None:
    """The recorded bound came from an export and excludes the new package; R5 where a build tool exported it."""
    if touch.admitted or touch.dependency.origin not in INHERITED:
        return None
    return _found(Membership.REBUILD, Rule.R5 if touch.from_build else Rule.R1, touch)


def r8_text(touch: Touch) -> Finding | None:
    """The bound is text in the user's recipe: the recipe must be edited, a rebuild changes nothing."""
    if touch.admitted or touch.dependency.origin is not Origin.TEXT:
        return None
    return _found(Membership.EDIT, Rule.R8, touch)


def r16_stable_interface(touch: Touch) -> Finding | None:
    """Built for Python's stable interface: it takes nothing that Python exports, and goes with every later one."""
    if touch.moved.name != PYTHON or touch.constrains or not touch.user.takes_nothing_of(PYTHON):
        return None
    return _found(Membership.RETEST, Rule.R16, touch)


def r13_noarch_python(touch: Touch) -> Finding | None:
    """A noarch Python package goes with any Python it admits."""
    if touch.user.noarch != PYTHON or touch.moved.name != PYTHON or touch.constrains:
        return None
    return _found(Membership.RETEST, Rule.R13, touch)


def r2_admitted(touch: Touch) -> Finding | None:
    """The bound came from an export and admits the new package: nothing forces a rebuild."""
    if touch.constrains or touch.dependency.origin not in INHERITED:
        return None
    return _found(Membership.RETEST, Rule.R2, touch)


def r7_runs(touch: Touch) -> Finding | None:
    """Only run with, and admitted: never rebuilt for it."""
    return None if touch.constrains else _found(Membership.RETEST, Rule.R7, touch)


def r11_beside(use: Use) -> Finding | None:
    """An exact pin in build or host carries the build string into the user's own hash."""
    return Finding(Membership.REBUILD, _of_use(Rule.R11, use)) if use.exact else None


def r10_static(use: Use) -> Finding | None:
    """In host, and nothing of it shows in the record: linked statically, or headers alone. Rebuilt by policy."""
    hidden = use.section is Section.HOST and not use.took and not use.runs
    if not hidden or PYTHON in (use.moved.noarch, use.noarch) or use.moved_runs_python:
        return None
    if use.stuck is not None:
        return Finding(Membership.EDIT, kept_by(use.stuck, use.moved.name))
    return Finding(Membership.REBUILD, _of_use(Rule.R10, use))


def r12_renamed(use: Use) -> Finding | None:
    """What it took goes by another name now; the old one stays installable beside the new."""
    if use.section is not Section.HOST or not use.renamed:
        return None
    return Finding(Membership.NOTHING, _of_use(Rule.R12, use))


def r6_tool(use: Use) -> Finding | None:
    """A tool that builds it and leaves no trace in it forces nothing; R5 for one with strong exports."""
    if use.section is not Section.BUILD and not use.moved_runs_python:
        return None
    if use.section is Section.BUILD and use.moved.run_exports.strong:
        return Finding(Membership.NOTHING, replace(_of_use(Rule.R5, use), detail="what it exports still fits"))
    return Finding(Membership.NOTHING, _of_use(Rule.R6, use))


DEPENDENCY_RULES: tuple[Callable[[Touch], Finding | None], ...] = (
    r11_exact,
    r4_explicit,
    r18_constraint,
    r1_export,
    r8_text,
    r13_noarch_python,
    r16_stable_interface,
    r2_admitted,
    r7_runs,
)
USE_RULES: tuple[Callable[[Use], Finding | None], ...] = (r11_beside, r10_static, r12_renamed, r6_tool)


def judge_touch(touch: Touch) -> Finding | None:
    """What the rules say about a recorded dependency."""
    return next((found for rule in DEPENDENCY_RULES if (found := rule(touch))), None)


def judge_use(use: Use) -> Finding | None:
    """What the rules say about a package in build or host."""
    return next((found for rule in USE_RULES if (found := rule(use))), None)


def _found(membership: Membership, rule: Rule, touch: Touch) -> Finding:
    dependency = touch.dependency
    origin = f"{dependency.origin.value} of {dependency.exporter}" if dependency.exporter else dependency.origin.value
    return Finding(membership, Reason(rule, touch.moved.name, dependency.spec, origin, touch.path))


def _of_use(rule: Rule, use: Use) -> Reason:
    return Reason(rule, use.moved.name, use.moved.name, use.section.value)


def kept_by(stuck: Requirement, moved: str, path: tuple[str, ...] = ()) -> Reason:
    """Why whoever asks for this in build or host stays on the old package (R4)."""
    detail = PIN_FIRST if stuck.origin is Origin.VARIANT else ""
    return Reason(Rule.R4, moved, stuck.spec, stuck.origin.value, path, detail)
