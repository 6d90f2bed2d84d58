"""Who can provide a name to whom: outputs by name, place and variant."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.domain.recipes import Output

NOARCH = "noarch"
Variant = Mapping[str, str]
Kind = tuple[str, str, frozenset[tuple[str, str]]]
"""Subdir, platform and used variant."""


@dataclass(frozen=True, slots=True)
class Providers:
    """An index over outputs. Members are spoken of by their place in ``outputs``."""

    outputs: Sequence[Output]
    by_name: Mapping[str, tuple[int, ...]]
    kinds: Sequence[int]
    """Of each output, which subdir, platform and variant it is of: users of one kind get the same answers."""
    _numbers: dict[Kind, int] = field(default_factory=dict)
    _found: dict[str, dict[int, tuple[int, ...]]] = field(default_factory=dict)
    """Name and kind of user to what was answered: what is asked once is asked often."""

    @classmethod
    def of(cls, outputs: Sequence[Output]) -> "Providers":
        """The index of these outputs."""
        names: dict[str, list[int]] = {}
        for place, output in enumerate(outputs):
            names.setdefault(output.name, []).append(place)
        numbers: dict[Kind, int] = {}
        kinds = [numbers.setdefault(_kind(output), len(numbers)) for output in outputs]
        return cls(outputs, {name: tuple(places) for name, places in names.items()}, kinds, numbers)

    def of_name(self, name: str, user: int) -> tuple[int, ...]:
        """The outputs of that name which ``user`` can be installed with: same subdir or noarch, and no variant
        that contradicts its own, unless all of them do. The user of a noarch package may be on any subdir.
        """
        places = self.by_name.get(name, ())
        if len(places) < 2:  # most names have one provider
            return places if places and together(self.outputs[places[0]], self.outputs[user]) else ()
        known = self._found.setdefault(name, {})
        kind = self.kinds[user]
        found = known.get(kind)
        if found is None:
            found = known[kind] = self._agreeing(places, self.outputs[user])
        return found

    def changed(
        self, outputs: Sequence[Output], by_name: Mapping[str, tuple[int, ...]], places: Collection[int]
    ) -> "Providers":
        """The index after the outputs at ``places`` became others; answers that are not about them are kept."""
        kept = {
            name: known
            for name, known in self._found.items()
            if by_name.get(name) == self.by_name.get(name) and not any(p in places for p in by_name.get(name, ()))
        }
        kinds, numbers = [*self.kinds[: len(outputs)], *(0,) * (len(outputs) - len(self.kinds))], self._numbers
        for place in places:
            if place < len(outputs):
                kinds[place] = numbers.setdefault(_kind(outputs[place]), len(numbers))
        return Providers(outputs, by_name, kinds, numbers, kept)

    def _agreeing(self, places: Iterable[int], user: Output) -> tuple[int, ...]:
        near = [place for place in places if together(self.outputs[place], user)]
        agreeing = tuple(place for place in near if agree(self.outputs[place].variant, user.variant))
        return agreeing or tuple(near)


def _kind(output: Output) -> Kind:
    return (output.subdir, output.target_platform, frozenset(output.variant.items()))


def together(one: Output, other: Output) -> bool:
    """Whether the two can stand in one environment as far as their subdirs go."""
    return one.subdir == other.subdir or NOARCH in (one.subdir, other.subdir)


def agree(one: Variant, other: Variant) -> bool:
    """Whether no key that both use has different values. The platform is the subdir's business."""
    if len(one) > len(other):
        one, other = other, one
    return all(other.get(key, value) == value for key, value in one.items() if key != "target_platform")
