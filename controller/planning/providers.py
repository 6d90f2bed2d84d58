"""Who can provide a name to whom: outputs by name, place and variant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.domain.recipes import Output

NOARCH = "noarch"
Variant = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Providers:
    """An index over outputs. Members are spoken of by their place in ``outputs``."""

    outputs: Sequence[Output]
    by_name: Mapping[str, tuple[int, ...]]
    _found: dict[tuple[int, str], tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, outputs: Sequence[Output]) -> "Providers":
        """The index of these outputs."""
        names: dict[str, list[int]] = {}
        for place, output in enumerate(outputs):
            names.setdefault(output.name, []).append(place)
        return cls(outputs, {name: tuple(places) for name, places in names.items()})

    def of_name(self, name: str, user: int) -> tuple[int, ...]:
        """The outputs of that name which ``user`` can be installed with: same subdir or noarch, and no variant
        that contradicts its own, unless all of them do. The user of a noarch package may be on any subdir.
        """
        places = self.by_name.get(name, ())
        if len(places) < 2:  # most names have one provider
            return places if places and together(self.outputs[places[0]], self.outputs[user]) else ()
        key = (user, name)
        if key not in self._found:
            self._found[key] = self._agreeing(places, self.outputs[user])
        return self._found[key]

    def _agreeing(self, places: Iterable[int], user: Output) -> tuple[int, ...]:
        near = [place for place in places if together(self.outputs[place], user)]
        agreeing = tuple(place for place in near if agree(self.outputs[place].variant, user.variant))
        return agreeing or tuple(near)


def together(one: Output, other: Output) -> bool:
    """Whether the two can stand in one environment as far as their subdirs go."""
    return one.subdir == other.subdir or NOARCH in (one.subdir, other.subdir)


def agree(one: Variant, other: Variant) -> bool:
    """Whether no key that both use has different values. The platform is the subdir's business."""
    if len(one) > len(other):
        one, other = other, one
    return all(other.get(key, value) == value for key, value in one.items() if key != "target_platform")
