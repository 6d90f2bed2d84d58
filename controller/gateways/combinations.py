"""Combinations: which values a recipe's variants have, from the pins and the keys that the recipe uses."""

from collections.abc import Collection, Iterator
from itertools import product
from math import prod

from controller.gateways.pins import PinError, Pins, check_lengths

MOST = 10_000
"""The largest real recipes have about 640 variants for a platform."""
_Row = tuple[tuple[str, str], ...]


def combinations(pins: Pins, used: Collection[str]) -> list[dict[str, str]]:
    """Every combination of the values of ``used`` keys, in the order of the files; the first key turns slowest.

    Of keys that go together only the used ones are told, and equal rows once; a key of one value goes with every
    row. Used keys that nobody pins are left out. Raises PinError if keys of a group have unequal numbers of values,
    or if there are more than ``MOST`` combinations.
    """
    known = pins.values
    single = {key: known[key][0] for key in used if len(known.get(key, ())) == 1}
    several = {key for key in used if len(known.get(key, ())) > 1}
    if not several:
        return [single]
    axes = list(_axes(pins, several))
    number = prod(map(len, axes))
    if number > MOST:
        raise PinError(
            f"{', '.join(sorted(several))} together make {number} variants; more than {MOST} are refused.",
            remedy="Put keys together with zip_keys, or give them fewer values.",
        )
    return [single | {key: value for row in rows for key, value in row} for rows in product(*axes)]


def _axes(pins: Pins, several: set[str]) -> Iterator[list[_Row]]:
    group_of = {key: group for group in pins.zip_keys for key in group}
    left = set(several)
    for key in pins.values:
        if key in left:
            together = tuple(other for other in group_of.get(key, (key,)) if other in left)
            left.difference_update(together)
            check_lengths(pins.values, (together,))
            rows = dict.fromkeys(zip(*(pins.values[other] for other in together), strict=True))
            yield [tuple(zip(together, row, strict=True)) for row in rows]
