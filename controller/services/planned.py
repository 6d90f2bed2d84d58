"""A plan on an index: decided, numbered, arranged. Whoever asks, pushes or previews gets it from here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.domain.artifacts import Artifact
from controller.domain.plans import Decision, Plan
from controller.domain.recipes import Output, Reading
from controller.gateways.bodies import uncollected
from controller.planning.impact import decide_on
from controller.planning.index import Index
from controller.planning.moves import Move
from controller.planning.numbers import Name
from controller.planning.plan import arrange, schedule
from controller.planning.policy import Policy
from controller.services.farm import Farm
from controller.services.numbering import Numbering


@dataclass(frozen=True, slots=True)
class Target:
    """What a plan is made against: what is there, and outputs indexed over it."""

    base: Sequence[Artifact]
    index: Callable[[Sequence[Output]], Index]


def plan_on(
    farm: Farm, reading: Reading, target: Target, named: Callable[[Mapping[Name, int]], tuple[Output, ...]],
    policy: Policy, moves: Sequence[Move] = (), *, reserve: bool = False,
) -> Plan:  # fmt: skip
    """The plan of a reading. ``named`` gives outputs under their numbers; ``reserve`` writes these into the ledger."""
    indexes: list[Index] = []

    def decided(reading: Reading) -> Decision:
        indexes.append(target.index(reading.outputs))
        return decide_on(indexes[-1], policy, moves, reading.refusals)

    with uncollected():
        numbered = Numbering(farm, decided, named, target.base, reserve=reserve).number(reading)
        arranged = arrange(numbered.decision, indexes[-1])
        plan = schedule(numbered.decision, numbered.outputs, pools_of(farm), arranged)
        return replace(plan, numbers=numbered.numbers)


def pools_of(farm: Farm) -> dict[str, str]:
    """Subdir, and ``noarch``, to the pool that builds for it."""
    return {subdir: subdir for subdir in farm.rules.subdirs} | {"noarch": farm.rules.noarch_pool}
