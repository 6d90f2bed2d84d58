"""Build numbers: above everything that ever bore that name and version, one for all that is rendered together."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from controller.domain.artifacts import Artifact
from controller.domain.plans import Decision, Member, Membership, Rule
from controller.domain.recipes import Output

Name = tuple[str, str, str]
"""Subdir, name, version."""
Identity = tuple[str, tuple[str, str, str], str, str]
"""Recipe, key, version, platform that it is made for."""

_ENTERING = frozenset({Rule.R14, Rule.NEW})
"""Rules of what has no artifact yet, and takes nobody's place."""


def assign(
    decision: Decision, ledger: Mapping[Name, int], standing: Mapping[Name, int] | None = None
) -> dict[Name, int]:
    """(subdir, name, version) of everything to be rebuilt, with its build number (rebuild-semantics 2.4, 5 and 7).

    ``ledger`` holds the highest number ever used for each, ``standing`` that of what is in the target. All outputs and
    variants of one recipe share a number, on all subdirs: they are rendered with one override, and a mixed set would
    make solvers prefer the higher half. A version that was never built takes the number that its recipe names; what is
    only added to a version that stands takes its siblings', which their exact pins on each other ask for.
    """
    recipes = _by_recipe(decision)
    adding = {recipe for recipe, members in recipes.items() if _only_adds(members)}
    siblings = _siblings(decision, adding, standing or {})
    numbers: dict[Name, int] = {}
    for recipe, members in recipes.items():
        names = {_name(member.output) for member in members}
        asked = max(member.output.build_number for member in members)
        number = max(siblings[recipe] if recipe in siblings else _above(names, ledger), asked)
        for name in names:  # one name may come from two recipes; the higher number serves both
            numbers[name] = max(number, numbers.get(name, 0))
    return numbers


def raised(
    decision: Decision, numbers: Mapping[Name, int], taken: Collection[Name], ledger: Mapping[Name, int]
) -> dict[Name, int]:
    """The numbers, with those of recipes that would make a file of a ``taken`` name above everything before."""
    found = dict(numbers)
    for members in _by_recipe(decision).values():
        names = {_name(member.output) for member in members}
        if names & set(taken):
            number = max(_above(names, ledger), *(numbers[name] + 1 for name in names))
            found |= {name: max(number, found[name]) for name in names}
    return found


def numbers_of(artifacts: Iterable[Artifact]) -> dict[Name, int]:
    """The highest number of each version of a name in each subdir."""
    found: dict[Name, int] = {}
    for artifact in artifacts:
        name = (artifact.subdir, artifact.name, artifact.version)
        found[name] = max(artifact.build_number, found.get(name, 0))
    return found


def highest(*ledgers: Mapping[Name, int]) -> dict[Name, int]:
    """Several ledgers as one."""
    found: dict[Name, int] = {}
    for ledger in ledgers:
        for name, number in ledger.items():
            found[name] = max(number, found.get(name, 0))
    return found


def rebuilt(decision: Decision, named: Sequence[Output]) -> list[Output]:
    """Of outputs as they are named those that are to be built; their siblings that stay bear other numbers."""
    wanted = {identity(member.output) for member in decision.having(Membership.REBUILD)}
    return [output for output in named if identity(output) in wanted]


def named_twice(outputs: Iterable[Output]) -> list[tuple[Output, Output]]:
    """Pairs of outputs that would make files of one name: the one that comes first, and the other."""
    first: dict[tuple[str, str], Output] = {}
    pairs = ((first.setdefault((o.subdir, stem_of(o.file_name)), o), o) for o in outputs)
    return [(known, output) for known, output in pairs if known is not output]


def stem_of(file_name: str) -> str:
    """What two files must not share, be they of different formats or differ in case alone."""
    return file_name.removesuffix(".conda").removesuffix(".tar.bz2").lower()


def _by_recipe(decision: Decision) -> dict[str, list[Member]]:
    found: dict[str, list[Member]] = {}
    for member in decision.having(Membership.REBUILD):
        found.setdefault(member.output.recipe, []).append(member)
    return found


def _only_adds(members: Iterable[Member]) -> bool:
    return all(member.reasons[0].rule in _ENTERING for member in members)


def _siblings(decision: Decision, recipes: Collection[str], standing: Mapping[Name, int]) -> dict[str, int]:
    """The number that each recipe's outputs of the versions it makes now have in the target, where they stand there."""
    found: dict[str, int] = {}
    for member in decision.members:
        recipe, name = member.output.recipe, _name(member.output)
        if recipe in recipes and member.artifact and name in standing:
            found[recipe] = max(standing[name], found.get(recipe, 0))
    return found


def _name(output: Output) -> Name:
    return (output.subdir, output.name, output.version)


def identity(output: Output) -> Identity:
    """What an output is within a reading, whatever its build number."""
    return (output.recipe, output.key, output.version, output.target_platform)


def _above(names: Iterable[Name], ledger: Mapping[Name, int]) -> int:
    return max((ledger[name] + 1 for name in names if name in ledger), default=0)
