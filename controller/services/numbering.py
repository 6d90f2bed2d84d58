"""Build numbers and file names of a decision: nothing that was ever planned is planned again.

Numbers are reserved when a plan is drafted, under the lock of ``testing``: of two drafts at once the second has higher
ones. The names themselves are kept with the batch (``storage.artifacts.plan_names``), where the database lets none in
twice. A draft that is dropped leaves a gap in the numbers and nothing else. What is built in stages has a number, and
a name, for each of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from controller.domain.artifacts import Artifact
from controller.domain.channels import TESTING
from controller.domain.errors import NameTakenError
from controller.domain.plans import Decision, Membership
from controller.domain.recipes import Output, Reading
from controller.planning.numbers import (
    Identity,
    Name,
    assign,
    highest,
    identity,
    named_twice,
    numbers_of,
    raised,
    rebuilt,
)
from controller.planning.plan import Arrangement, Named
from controller.services.farm import Farm
from controller.storage import artifacts, channels
from controller.storage.database import Session

_TRIES = 4


@dataclass(frozen=True, slots=True)
class Numbered:
    """An arranged decision, the numbers of all that it publishes, and the outputs under the names of every stage."""

    arranged: Arrangement
    numbers: Mapping[Name, int]
    outputs: tuple[Output, ...]
    assigned: Mapping[Name, int] = field(default_factory=dict)
    """The numbers that the stages begin with."""

    @property
    def decision(self) -> Decision:
        """The whole decision."""
        return self.arranged.decision


@dataclass(frozen=True, slots=True)
class Numbering:
    """Gives numbers. ``arrange`` answers for a reading, ``named`` gives outputs as they are named with numbers.

    ``base`` is what the target holds, ``known`` what other channels do, ``had`` how many names each output has in this
    batch already. Without ``reserve`` nothing is written.
    """

    farm: Farm
    arrange: Callable[[Reading], Arrangement]
    named: Callable[[Mapping[Name, int]], tuple[Output, ...]]
    base: Sequence[Artifact]
    known: Mapping[Name, int] = field(default_factory=dict)
    reserve: bool = False
    had: Named = field(default_factory=dict)

    def number(self, reading: Reading) -> Numbered:
        """The decision on a reading with its numbers. What can only be made under a used name is not rebuilt."""
        for _ in range(_TRIES):
            found = self._once(self.arrange(reading))
            faults = self._faults(found.outputs)
            if not faults:
                return found
            reading = _marked(reading, faults)
        raise NameTakenError("Each build number gave a file name that was used before.", remedy="Push again.")

    def _once(self, arranged: Arrangement) -> Numbered:
        news = arranged.unnamed(self.had)
        standing = _standing(news, self.base)
        found = self._with(arranged, news, lambda ledger: assign(news, highest(ledger, standing), standing))
        used = self._used(found.outputs)
        if not used:
            return found
        names = {(output.subdir, output.name, output.version) for output in used}
        before = found.assigned
        return self._with(arranged, news, lambda ledger: raised(news, before, names, highest(ledger, standing)))

    def _with(
        self, arranged: Arrangement, news: Decision, choose: Callable[[Mapping[Name, int]], Mapping[Name, int]]
    ) -> Numbered:
        names = {member.output.name for member in news.having(Membership.REBUILD)}
        if self.reserve:
            with self.farm.transaction() as session:
                channels.lock_channel(session, TESTING)  # nobody else reads between this reading and its writing
                assigned = choose(self._ledger(session, names))
                stages = arranged.numbers(assigned, self.had)
                artifacts.assign_numbers(session, stages[-1])
        else:
            with self.farm.reading() as session:
                assigned = choose(self._ledger(session, names))
            stages = arranged.numbers(assigned, self.had)
        outputs = (output for numbers in stages for output in rebuilt(news, self.named(numbers)))
        return Numbered(arranged, stages[-1], tuple(outputs), assigned)

    def _ledger(self, session: Session, names: Iterable[str]) -> dict[Name, int]:
        return highest(artifacts.ledger(session, names), self.known)

    def _used(self, outputs: Iterable[Output]) -> list[Output]:
        by_file = {file_of(output): output for output in outputs}
        with self.farm.reading() as session:
            return [by_file[file] for file in sorted(artifacts.planned_names(session, by_file))]

    def _faults(self, outputs: Sequence[Output]) -> dict[Identity, str]:
        """Outputs that no number gives a name of their own, each with why it cannot be built."""
        faults = {
            identity(output): f"whatever its build number, its file would be {file_of(output)}, which was made before"
            for output in self._used(outputs)
        }
        for first, second in named_twice(outputs):
            faults[identity(second)] = f"{first.recipe} makes {file_of(second)} already"
        return faults


def file_of(output: Output) -> str:
    """``subdir/file name``."""
    return f"{output.subdir}/{output.file_name}"


def _standing(decision: Decision, base: Sequence[Artifact]) -> dict[Name, int]:
    recipes = {member.output.recipe for member in decision.having(Membership.REBUILD)}
    names = {member.output.name for member in decision.members if member.output.recipe in recipes}
    return numbers_of(artifact for artifact in base if artifact.name in names)


def _marked(reading: Reading, faults: Mapping[Identity, str]) -> Reading:
    outputs = (
        replace(output, unbuildable=faults.get(identity(output), output.unbuildable)) for output in reading.outputs
    )
    return replace(reading, outputs=tuple(outputs))
