"""Who is retested: all that is not rebuilt and runs, directly or not, with something that is, or is tested with it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from controller.domain.plans import Reason, Rule
from controller.domain.recipes import Output
from controller.planning.dependents import first_in
from controller.planning.index import Admission, Index, Recorded
from controller.planning.rules import PYTHON, Touch, judge_touch
from controller.planning.specs import name_of

Path = tuple[str, ...]
Words = tuple[Rule, str, str, str, str]
"""Rule, what it speaks of, spec, origin and detail of a reason; its path is the user's."""
Level = dict[str, dict[int, tuple[int, Path]]]
"""Name and place of what was reached by as many steps, with the place that is the cause, and the path from it."""


def find_retests(
    index: Index, rebuilt: Mapping[int, Sequence[Reason]], fixed: Collection[int], still: Collection[int] = ()
) -> dict[int, Reason]:
    """Place of each output to be retested, with the reason whose path is shortest. Step by step, so it is.

    Those that need a recipe edit or are cut (``fixed``) stay on the old package and are not retested with the new.
    What was rebuilt and is the same as before (``still``) is no cause; it leads on to its users like what stays.
    """
    search = _Search(index, rebuilt, {*rebuilt, *fixed}.difference(still))
    steps: dict[int, Level] = {}
    moving = {place: reasons for place, reasons in rebuilt.items() if place not in still} if still else rebuilt
    for place, reasons in moving.items():
        level = steps.setdefault(len(reasons[0].path), {})
        level.setdefault(index.outputs[place].name, {})[place] = (place, reasons[0].path)
    while steps:
        length = min(steps)
        for name, reached in search.next(steps.pop(length)).items():
            steps.setdefault(length + 1, {}).setdefault(name, {}).update(reached)
    for user, reason in _tested_with(index, moving):
        if user not in search.done:
            search.found.setdefault(user, reason)
    return {place: reason for place, reason in search.found.items() if place not in rebuilt}


@dataclass(slots=True)
class _Search:
    index: Index
    rebuilt: Mapping[int, Sequence[Reason]]
    done: set[int]
    found: dict[int, Reason] = field(default_factory=dict)

    def next(self, level: Level) -> Level:
        """Those who run with something of a level and were not reached before."""
        reached: Level = {}
        for name, here in level.items():
            moved = not self.rebuilt.keys().isdisjoint(here)
            for recorded, users in self.index.recorded.get(name, {}).items():
                new = [user for user in users if user not in self.done]
                if new and not recorded.constrains:
                    admission = self.index.admission(recorded.spec, name, self.rebuilt.keys()) if moved else None
                    self._reach(name, here, recorded, admission, new, reached)
        return reached

    def _reach(
        self, name: str, here: Mapping[int, tuple[int, Path]], recorded: Recorded, admission: Admission | None,
        users: Sequence[int], reached: Level,
    ) -> None:  # fmt: skip
        """The users who record one dependency in one way. Those of one kind are served alike."""
        outputs, kinds, recorded_names = self.index.outputs, self.index.providers.kinds, self.index.recorded
        found, done = self.found, self.done
        of_kind: dict[tuple[int, str], tuple[int, Path, Words] | None] = {}
        for user in users:
            output = outputs[user]
            key = (kinds[user], output.noarch)
            if key not in of_kind:
                of_kind[key] = self._of_kind(user, name, here, recorded, admission)
            served = of_kind[key]
            if served is None:
                continue
            cause, path, (rule, about, spec, origin, detail) = served
            whole = (*path, output.name)
            found[user] = Reason(rule, about, spec, origin, whole, detail)
            done.add(user)
            if output.name in recorded_names:
                reached.setdefault(output.name, {})[user] = (cause, whole)

    def _of_kind(
        self, user: int, name: str, here: Mapping[int, tuple[int, Path]], recorded: Recorded,
        admission: Admission | None,
    ) -> tuple[int, Path, Words] | None:  # fmt: skip
        """Cause, path to it, and the words for users like this one; None where nothing of ``here`` serves them."""
        places = self.index.providers.of_name(name, user)
        place = first_in(places, here)
        if place is None or (admission and place in self.rebuilt and not (admission.whole or admission.of(places))):
            return None
        cause, path = here[place]
        return cause, path, self._reason(self.index.outputs[user], cause, place, recorded)

    def _reason(self, user: Output, cause: int, through: int, recorded: Recorded) -> Words:
        moved = self.index.outputs[cause]
        if cause == through:
            finding = judge_touch(Touch(user, moved, recorded.dependency, admitted=True))
            if finding is not None:
                said = finding.reason
                return said.rule, said.about, said.spec, said.origin, said.detail
        rule = Rule.R13 if user.noarch == PYTHON and moved.name == PYTHON else Rule.R7
        via = f"through {self.index.outputs[through].name}"
        return rule, moved.name, recorded.spec, recorded.origin, via


def _tested_with(index: Index, rebuilt: Mapping[int, Sequence[Reason]]) -> Iterator[tuple[int, Reason]]:
    for place, reasons in rebuilt.items():
        name = index.outputs[place].name
        for user in index.tested.get(name, ()):
            if index.artifacts[user] is not None and place in index.providers.of_name(name, user):
                output = index.outputs[user]
                spec = next(spec for spec in output.test_requirements if name_of(spec) == name)
                yield user, Reason(Rule.R9, name, spec, "test", (*reasons[0].path, output.name))
