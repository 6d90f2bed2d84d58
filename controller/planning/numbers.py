"""Build numbers: above everything that ever bore that name and version, one for all that is rendered together."""

from collections.abc import Iterable, Mapping

from controller.domain.plans import Decision, Membership
from controller.domain.recipes import Output

Name = tuple[str, str, str]
"""Subdir, name, version."""


def assign(decision: Decision, ledger: Mapping[Name, int]) -> dict[Name, int]:
    """(subdir, name, version) of everything to be rebuilt, with its build number (rebuild-semantics 2.4, 5).

    ``ledger`` holds the highest number ever used for each. All outputs and variants of one recipe share a number,
    on all subdirs: they are rendered with one override, and a mixed set would make solvers prefer the higher half.
    A version that was never built takes the number that its recipe names.
    """
    recipes: dict[str, list[Output]] = {}
    for member in decision.having(Membership.REBUILD):
        recipes.setdefault(member.output.recipe, []).append(member.output)
    numbers: dict[Name, int] = {}
    for outputs in recipes.values():
        names = {_name(output) for output in outputs}
        number = max(_above(names, ledger), *(output.build_number for output in outputs))
        for name in names:  # one name may come from two recipes; the higher number serves both
            numbers[name] = max(number, numbers.get(name, 0))
    return numbers


def _name(output: Output) -> Name:
    return (output.subdir, output.name, output.version)


def _above(names: Iterable[Name], ledger: Mapping[Name, int]) -> int:
    return max((ledger[name] + 1 for name in names if name in ledger), default=0)
