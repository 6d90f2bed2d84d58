"""The fixpoint: whatever must be rebuilt moves in its turn, until nothing new comes in."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from controller.domain.plans import Membership, Reason, Rule
from controller.planning.dependents import Dependents, Path
from controller.planning.index import Index
from controller.planning.policy import Policy, Scope, fits
from controller.planning.rules import Finding


class Spread:
    """Rebuilt outputs, and those that an edit or a person keeps from it, each with its reasons so far."""

    def __init__(
        self, index: Index, policy: Policy, still: Collection[int] = (), blocked: Mapping[int, Reason] | None = None
    ) -> None:
        self.index, self.policy = index, policy
        self.blocked = {place: [reason] for place, reason in (blocked or {}).items()}
        """Those that cannot be built beside what stays on an old package."""
        self.still = still
        """Those whose new build is the same as the old: nothing but exact pins and bounds is touched by them."""
        self.rebuilt: dict[int, list[Reason]] = {}
        self.edits: dict[int, list[Reason]] = {}
        self.cut: dict[int, list[Reason]] = {}
        """Those that an override keeps from being built."""
        self._dependents = Dependents(index, self.rebuilt.keys())
        self._notes: list[tuple[int, Sequence[int], Reason, Path]] = []
        self._seeds: set[int] = set()
        self._open: list[int] = []

    def rebuild(self, place: int, reason: Reason) -> None:
        """Put an output into the set, or give one that is in it a further reason.

        What no worker can build, or a person keeps from being built, does not move, and so moves nobody else.
        """
        if place in self.rebuilt:
            self.rebuilt[place].append(reason)
        elif self.index.outputs[place].unbuildable:
            self._refuse(place, reason)
        elif place in self.cut or self._is_cut(place, reason):
            self.cut[place].append(reason)
        elif place in self.blocked:
            self.blocked[place].append(reason)
        else:
            self.rebuilt[place] = [reason]
            self._open.append(place)

    def _refuse(self, place: int, reason: Reason) -> None:
        unbuildable = self.index.outputs[place].unbuildable
        told = replace(reason, rule=Rule.UNBUILDABLE, detail=unbuildable.rstrip("."))
        if all(known.rule is not Rule.UNBUILDABLE for known in self.edits.get(place, [])):
            self.edits.setdefault(place, []).insert(0, told)

    def _is_cut(self, place: int, reason: Reason) -> bool:
        override = self.policy.cut(self.index.outputs[place]) if place < self.index.own else None
        if override is None:
            return False
        end = f"until {override.until}" if override.until else "without an end"
        detail = f"{override.kind}, by {override.author} {end}: {override.reason}"
        self.cut[place] = [Reason(Rule.OVERRIDDEN, reason.about, reason.spec, path=reason.path, detail=detail)]
        return True

    def run(self) -> None:
        """Follow everything that is in the set until nothing new comes in; what bears one name is followed together."""
        self._seeds = set(self.rebuilt)
        self._run()

    def force(self, places: Mapping[int, Reason]) -> None:
        """Rebuild these as well, and follow them; a reason that is found without this comes first."""
        for place, reason in places.items():
            if place not in self.rebuilt:
                self.rebuild(place, reason)
        self._run()

    def _run(self) -> None:
        while self._open:
            level: dict[str, list[int]] = {}
            for place in self._open:
                level.setdefault(self.index.outputs[place].name, []).append(place)
            self._open = []
            for name, places in level.items():
                self._follow(name, places)

    def in_the_way(self) -> Iterator[tuple[int, list[Reason]]]:
        """Place of each that is rebuilt, and what an edit of its recipe must clear besides."""
        news = {place: reasons[0].path for place, reasons in self.rebuilt.items()}
        for place, reasons in self.rebuilt.items():
            changed = reasons[0].rule is Rule.CHANGED  # then what its old recipe asked for stands in nobody's way
            known = [] if changed else self.edits.get(place, [])
            said = {(reason.rule, reason.spec) for reason in known}
            own = self._dependents.own_text(place, news)
            yield place, [*known, *(reason for reason in own if (reason.rule, reason.spec) not in said)]

    def noted(self, left: AbstractSet[int]) -> dict[int, list[Reason]]:
        """Who of ``left`` uses something that moved, and why that forces nothing."""
        found: dict[int, list[Reason]] = {}
        for moved, users, reason, path in self._notes:
            for user in self._dependents.near(moved, [user for user in users if user in left]):
                found.setdefault(user, []).append(_reached(reason, (*path, self.index.outputs[user].name)))
        return found

    def _follow(self, name: str, places: list[int]) -> None:
        news = {place: self.rebuilt[place][0].path for place in places}
        for user, path, finding in self._dependents.touches(name, news):
            self._take((user,), finding, path)
        for moved in places:
            if moved not in self.still:
                self._follow_uses(moved, name, news[moved])
                self._spread_by_policy(moved, name)
            for sibling, reason in self._dependents.pinned_by(moved, news[moved]):
                if sibling not in self.rebuilt:
                    self.rebuild(sibling, reason)

    def _follow_uses(self, moved: int, name: str, path: Path) -> None:
        for users, finding in self._dependents.uses(moved):
            judged = self._by_policy(finding, name)
            if judged.membership is Membership.NOTHING:
                self._notes.append((moved, users, judged.reason, path))
            else:
                self._take(self._dependents.near(moved, users), judged, path)

    def _spread_by_policy(self, moved: int, name: str) -> None:
        scope = self.policy.scope_of(name)
        if scope is Scope.TRANSITIVE or (scope is Scope.DIRECT and moved in self._seeds):
            for user in self._dependents.users(moved):
                if user not in self.rebuilt:
                    path = (*self.rebuilt[moved][0].path, self.index.outputs[user].name)
                    self.rebuild(user, Reason(Rule.R2, name, path=path, detail=scope.value))

    def _by_policy(self, finding: Finding, moved: str) -> Finding:
        """What the policy makes of a finding that forces nothing by itself."""
        if finding.reason.rule is Rule.R6 and fits(moved, self.policy.generators):
            return Finding(Membership.REBUILD, replace(finding.reason, detail="code generator"))
        if finding.reason.rule is not Rule.R10:
            return finding
        if fits(moved, self.policy.static):
            return finding
        if self.policy.relink_static and not fits(moved, self.policy.not_static):
            return finding
        return Finding(Membership.NOTHING, replace(finding.reason, detail="the policy leaves such alone"))

    def _take(self, users: Sequence[int], found: Finding, path: Path) -> None:
        outputs = self.index.outputs
        for user in users if found.membership is not Membership.RETEST else ():
            reason = _reached(found.reason, (*path, outputs[user].name))
            if found.membership is Membership.REBUILD:
                self.rebuild(user, reason)
            else:
                self.edits.setdefault(user, []).append(reason)


def _reached(reason: Reason, path: Path) -> Reason:
    return Reason(reason.rule, reason.about, reason.spec, reason.origin, path, reason.detail)
