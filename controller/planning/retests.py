"""Who is retested: all that is not rebuilt and runs, directly or not, with something that is, or is tested with it."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping

from controller.domain.artifacts import Dependency
from controller.domain.plans import Reason, Rule
from controller.domain.recipes import Output
from controller.planning.dependents import Facts
from controller.planning.records import traced
from controller.planning.rules import PYTHON, Touch, judge_touch
from controller.planning.specs import name_of


def find_retests(facts: Facts, rebuilt: Mapping[int, list[Reason]], edits: Collection[int]) -> dict[int, Reason]:
    """Place of each output to be retested, with the reason whose path is shortest. Breadth first, so it is.

    Those that need a recipe edit stay on the old package and are not retested with the new.
    """
    found: dict[int, Reason] = {}
    moving = rebuilt.keys()
    waiting = deque((place, facts.outputs[place], reasons[0].path) for place, reasons in rebuilt.items())
    while waiting:
        place, cause, path = waiting.popleft()
        name = facts.outputs[place].name
        for user, dependency, constrains in facts.recorded.get(name, ()):
            if constrains or user in rebuilt or user in edits or user in found:
                continue
            if place in facts.providers.of_name(name, user):
                if place in moving and not facts.admitted(dependency, user, moving):
                    continue
                reason = _reason(facts.outputs[user], cause, facts.outputs[place], dependency, path)
                found[user] = reason
                waiting.append((user, cause, reason.path))
    for user, reason in _tested_with(facts, rebuilt):
        if user not in rebuilt and user not in edits:
            found.setdefault(user, reason)
    return found


def _reason(user: Output, cause: Output, through: Output, dependency: Dependency, path: tuple[str, ...]) -> Reason:
    whole, dependency = (*path, user.name), traced(dependency, user)
    if through is cause:
        finding = judge_touch(Touch(user, cause, dependency, admitted=True, path=whole))
        if finding is not None:
            return finding.reason
    rule = Rule.R13 if user.noarch == PYTHON and cause.name == PYTHON else Rule.R7
    origin = dependency.origin.value
    return Reason(rule, cause.name, dependency.spec, origin, whole, detail=f"through {through.name}")


def _tested_with(facts: Facts, rebuilt: Mapping[int, list[Reason]]) -> Iterator[tuple[int, Reason]]:
    names = {facts.outputs[place].name: place for place in list(rebuilt)[::-1]}
    for user, output in enumerate(facts.outputs):
        if facts.artifacts[user] is None:
            continue
        for spec in output.test_requirements:
            place = names.get(name_of(spec))
            if place is not None and any(p in rebuilt for p in facts.providers.of_name(name_of(spec), user)):
                path = (*rebuilt[place][0].path, output.name)
                yield user, Reason(Rule.R9, facts.outputs[place].name, spec, "test", path)
