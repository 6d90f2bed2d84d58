"""What a change reaches: every output of a reading in exactly one membership, with the reasons.

Seeds are outputs that differ from what the target holds. From them the rules go on to a fixpoint: whatever must
be rebuilt moves in its turn. Then come those that run with something rebuilt, and need a retest alone.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from controller.domain.artifacts import Artifact
from controller.domain.plans import Decision, Member, Membership, Reason, Rule
from controller.domain.recipes import Output, Reading
from controller.planning.dependents import Dependents, Facts
from controller.planning.entries import differs, enters
from controller.planning.policy import MINIMAL, Policy, Scope
from controller.planning.records import Records, place_of
from controller.planning.retests import find_retests
from controller.planning.rules import Finding, judge_touch, judge_use

_CURRENT = (Reason(Rule.CURRENT),)


def decide(reading: Reading, base: Sequence[Artifact], policy: Policy = MINIMAL) -> Decision:
    """What must be done about each output, given the artifacts of the target that it would be published to."""
    records = Records.of(base)
    facts = Facts.of(reading.outputs, [records.standing_for(output) for output in reading.outputs])
    spread = _Spread(facts, policy)
    for place, reason in _seeds(reading, facts, records):
        spread.rebuild(place, reason)
    spread.run()
    retests = find_retests(facts, spread.rebuilt, spread.edits)
    members = [_member(place, facts, spread, retests) for place in range(len(reading.outputs))]
    return Decision(tuple(members), reading.refusals)


def _seeds(reading: Reading, facts: Facts, records: Records) -> list[tuple[int, Reason]]:
    claimed = frozenset(output.key for output in reading.outputs)
    siblings: dict[str, set[str]] = {}
    for output in reading.outputs:
        siblings.setdefault(output.recipe, set()).add(output.name)
    found = []
    for place, output in enumerate(reading.outputs):
        artifact = facts.artifacts[place]
        if artifact is not None:
            reason = differs(output, artifact)
        else:
            known = (output.subdir, output.name) in records.by_name
            others = frozenset(siblings[output.recipe] - {output.name})
            reason = enters(output, records.before(output, claimed), others, known=known)
        if reason is not None:
            found.append((place, reason))
    return found


class _Spread:
    """The fixpoint: rebuilt outputs and the reasons found so far."""

    def __init__(self, facts: Facts, policy: Policy) -> None:
        self.facts, self.policy = facts, policy
        self.dependents = Dependents.of(facts)
        self.rebuilt: dict[int, list[Reason]] = {}
        self.edits: dict[int, list[Reason]] = {}
        self.notes: dict[int, list[Reason]] = {}
        self._seeds: set[int] = set()
        self._open: deque[int] = deque()

    def rebuild(self, place: int, reason: Reason) -> None:
        """Put an output into the set, or give one that is in it a further reason.

        What no worker can build does not move, and so moves nobody else.
        """
        unbuildable = self.facts.outputs[place].unbuildable
        if unbuildable:
            self._refuse(place, reason, unbuildable)
            return
        if place in self.rebuilt:
            self.rebuilt[place].append(reason)
            return
        self.rebuilt[place] = [reason]
        self._open.append(place)

    def _refuse(self, place: int, reason: Reason, unbuildable: str) -> None:
        told = replace(reason, rule=Rule.UNBUILDABLE, detail=unbuildable.rstrip("."))
        if all(known.rule is not Rule.UNBUILDABLE for known in self.edits.get(place, [])):
            self.edits.setdefault(place, []).insert(0, told)

    def run(self) -> None:
        """Follow everything that is in the set until nothing new comes in."""
        self._seeds = set(self.rebuilt)
        while self._open:
            moved = self._open.popleft()
            self._follow(moved)

    def _follow(self, moved: int) -> None:
        path = self.rebuilt[moved][0].path
        for touch, user in self.dependents.touches(moved, path, self.rebuilt.keys()):
            self._take(user, judge_touch(touch))
        for use, user in self.dependents.uses(moved, path):
            self._take(user, judge_use(use))
            if self._by_policy(moved) and user not in self.rebuilt:
                self.rebuild(user, Reason(Rule.R2, use.moved.name, path=use.path, detail=self.policy.scope.value))
        for sibling, reason in self.dependents.pinned_by(moved, path):
            if sibling not in self.rebuilt:
                self.rebuild(sibling, reason)

    def _take(self, user: int, found: Finding | None) -> None:
        if found is None:
            return
        if found.membership is Membership.REBUILD:
            if found.reason.rule is not Rule.R10 or self.policy.relink_static:
                self.rebuild(user, found.reason)
        elif found.membership is Membership.EDIT:
            self.edits.setdefault(user, []).append(found.reason)
        elif found.membership is Membership.NOTHING:
            self.notes.setdefault(user, []).append(found.reason)

    def _by_policy(self, moved: int) -> bool:
        scope = self.policy.scope
        return scope is Scope.TRANSITIVE or (scope is Scope.DIRECT and moved in self._seeds)


def _member(place: int, facts: Facts, spread: _Spread, retests: dict[int, Reason]) -> Member:
    output: Output = facts.outputs[place]
    artifact = facts.artifacts[place]
    there = place_of(artifact) if artifact else ""
    if place in spread.rebuilt:
        reasons = spread.rebuilt[place]
        changed = reasons[0].rule is Rule.CHANGED  # then what its old recipe asked for stands in nobody's way
        edits = [] if changed else spread.edits.get(place, [])
        return Member(output, Membership.REBUILD, (*reasons, *edits), there)
    if place in spread.edits:
        return Member(output, Membership.EDIT, tuple(spread.edits[place]), there)
    if place in retests:
        return Member(output, Membership.RETEST, (retests[place],), there)
    return Member(output, Membership.NOTHING, tuple(spread.notes.get(place, ())) or _CURRENT, there)
