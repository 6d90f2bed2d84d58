"""In which wave every job stands: builds open a wave, a test stands in the wave of the last build that it waits for."""

from collections.abc import Iterator

from controller.domain.errors import FarmError
from controller.planning.bootstraps import Tie
from controller.planning.order import Order, Stage


class Waves:
    """The waves of an order, from 1."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.build: dict[int, int] = {}
        """By unit."""
        self.test: dict[int, int] = {}
        """By bit."""
        self.stage: dict[Stage, int] = {}
        for _ in range(2 * len(order.around.place_at) + 2):
            if not self._walk() or not order.rising:
                return  # else a test that waits for something further up may move what waits for it
        raise FarmError("Jobs of this plan wait for each other.", remedy="This is a fault of the farm: report it.")

    def of_bits(self, bits: list[int]) -> int:
        """The wave of the last build among these files."""
        unit_at = self.order.around.unit_at
        return max([self.build.get(unit_at[bit], 1) for bit in bits], default=1)

    def _walk(self) -> bool:
        order, around, changed = self.order, self.order.around, False
        for unit in order.sequence:
            tie = order.ties.get(unit)
            if tie and unit == tie.units[0]:
                self._walk_stages(tie)
            wave = 1 + max([self._after(bit) for bit in order.parents[unit]], default=0)
            if tie:
                wave = max([wave, *(1 + self.stage[stage] for stage in order.stages_before(unit, tie.stages))])
            changed |= self.build.get(unit) != wave
            self.build[unit] = wave
            for bit in range(around.first[unit], around.first[unit] + len(around.units[unit].places)):
                self.test[bit] = self.of_bits(order.tested[bit])
        return changed

    def _walk_stages(self, tie: Tie) -> None:
        order = self.order
        for number in range(1, tie.stages):
            for unit in tie.units:
                before = [self.stage[stage] for stage in order.stages_before(unit, number)]
                bits = order.outside(unit)
                self.stage[unit, number] = 1 + max([*before, *(self._after(bit) for bit in bits)], default=0)

    def _after(self, bit: int) -> int:
        """The wave that somebody who needs this file comes after."""
        if bit in self.order.late:
            return self.build[self.order.around.unit_at[bit]]
        return self.test.get(bit, 0)


def stages_of(tie: Tie) -> Iterator[Stage]:
    """Every build of a circle before the last stage, in building order."""
    return ((unit, number) for number in range(1, tie.stages) for unit in tie.units)
