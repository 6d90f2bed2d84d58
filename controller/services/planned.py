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
from controller.planning.plan import Arrangement, arrange, schedule
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

    def arranged(reading: Reading) -> Arrangement:
        index = target.index(reading.outputs)
        return arranged_on(farm, decide_on(index, policy, moves, reading.refusals), index)

    with uncollected():
        numbered = Numbering(farm, arranged, named, target.base, reserve=reserve).number(reading)
        plan = schedule(numbered.decision, numbered.outputs, pools_of(farm), numbered.arranged)
        return replace(plan, numbers=numbered.numbers)


def arranged_on(farm: Farm, decision: Decision, index: Index) -> Arrangement:
    """The order of a decision, where other channels stand behind the target if the farm has such."""
    return arrange(decision, index, upstream=bool(farm.rules.upstream))


def pools_of(farm: Farm) -> dict[str, str]:
    """Subdir, and ``noarch``, to the pool that builds for it."""
    return {subdir: subdir for subdir in farm.rules.subdirs} | {"noarch": farm.rules.noarch_pool}
