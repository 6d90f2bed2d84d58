"""What a change reaches: every output of a reading in exactly one membership, with the reasons.

Seeds are outputs that differ from what the target holds, and packages of other channels that moved. From them the
rules go on to a fixpoint: whatever must be rebuilt moves in its turn. Then come those that run with something
rebuilt, and need a retest alone.
"""

from collections.abc import Iterable, Mapping, Sequence

from controller.domain.artifacts import Artifact
from controller.domain.plans import Decision, Member, Membership, Reason, Rule
from controller.domain.recipes import Reading, Refusal
from controller.planning.blocking import find_blocked
from controller.planning.entries import enters, find_gone
from controller.planning.index import Index
from controller.planning.indexing import index_of, with_moves
from controller.planning.moves import Move
from controller.planning.outcomes import NOTHING_YET, Outcomes
from controller.planning.policy import MINIMAL, Policy
from controller.planning.retests import find_retests
from controller.planning.spread import Spread


def decide(
    reading: Reading, base: Sequence[Artifact], policy: Policy = MINIMAL, moves: Iterable[Move] = ()
) -> Decision:
    """What must be done about each output, given the artifacts of the target that it would be published to."""
    return decide_on(index_of(reading.outputs, base), policy, moves, reading.refusals)


def decide_on(
    index: Index, policy: Policy = MINIMAL, moves: Iterable[Move] = (), refusals: tuple[Refusal, ...] = (),
    outcomes: Outcomes = NOTHING_YET,
) -> Decision:  # fmt: skip
    """The same on an index that is kept from plan to plan, and with what came of the plan so far, if it is under way.

    Members stand in the index's order.
    """
    whole = with_moves(index, tuple(moves))
    seeds = _seeds(whole)
    members = _members(whole, _settled(whole, policy, seeds, outcomes))
    moved = tuple(seeds[place] for place in range(whole.own, len(whole.outputs)))
    entered = [index.outputs[place] for place in index.missing]
    gone = sorted(
        find_gone(index.records, index.keys, entered, index.providers.by_name), key=lambda gone: gone.artifact
    )
    return Decision(members, refusals, tuple(gone), moved)


def _settled(index: Index, policy: Policy, seeds: Mapping[int, Reason], outcomes: Outcomes) -> Spread:
    """What the seeds reach; found again without what cannot be built beside others, until all of it can be."""
    still, forced = outcomes.places(index)
    blocked: dict[int, Reason] = {}
    while True:
        spread = Spread(index, policy, still, blocked)
        for place, reason in seeds.items():
            spread.rebuild(place, reason)
        spread.run()
        spread.force(forced)
        more = find_blocked(index, spread)
        if not more:
            return spread
        blocked |= more


def _seeds(index: Index) -> dict[int, Reason]:
    found = dict(index.differing) | {place: _moved(index, place) for place in range(index.own, len(index.outputs))}
    missing = [place for place in index.missing if place < index.own]
    siblings = _siblings(index, missing) if missing else {}
    found |= {place: _entered(index, place, siblings) for place in missing}
    return {place: found[place] for place in sorted(found)}


def _moved(index: Index, place: int) -> Reason:
    output, artifact = index.outputs[place], index.artifacts[place]
    before = f"{artifact.version} {artifact.build}" if artifact else ""
    return Reason(
        Rule.MOVED, output.name, before, path=(output.name,), detail=f"{output.version} {output.build}".strip()
    )


def _siblings(index: Index, missing: Iterable[int]) -> dict[str, set[str]]:
    recipes: dict[str, set[str]] = {index.outputs[place].recipe: set() for place in missing}
    for output in index.outputs:
        if output.recipe in recipes:
            recipes[output.recipe].add(output.name)
    return recipes


def _entered(index: Index, place: int, siblings: Mapping[str, set[str]]) -> Reason:
    output, records = index.outputs[place], index.records
    known = (output.subdir, output.name) in records.by_name
    others = frozenset(siblings[output.recipe] - {output.name})
    return enters(output, records.before(output, index.keys), others, known=known)


def _members(index: Index, spread: Spread) -> tuple[Member, ...]:
    members = list(index.members)
    fixed = spread.edits.keys() | spread.cut.keys() | spread.blocked.keys()
    retests = find_retests(index, spread.rebuilt, fixed, spread.still)
    left = set(range(index.own)) - spread.rebuilt.keys() - fixed - retests.keys()
    for place, reasons in spread.noted(left).items():
        members[place] = _with(members[place], Membership.NOTHING, tuple(reasons))
    for place, reason in retests.items():  # of tens of thousands, so made here
        before = members[place]
        members[place] = Member(before.output, Membership.RETEST, (reason,), before.artifact)
    for kind, places in (
        (Membership.BLOCKED, spread.blocked), (Membership.EDIT, spread.edits), (Membership.NOTHING, spread.cut)
    ):  # fmt: skip
        for place, found in places.items():
            members[place] = _with(members[place], kind, tuple(found))
    for place, edits in spread.in_the_way():
        members[place] = _with(members[place], Membership.REBUILD, (*spread.rebuilt[place], *edits))
    return tuple(members[: index.own])


def _with(member: Member, membership: Membership, reasons: tuple[Reason, ...]) -> Member:
    return Member(member.output, membership, reasons, member.artifact)
