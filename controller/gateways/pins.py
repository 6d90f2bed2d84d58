"""Pins: what the pin files of a tree say for one platform, whatever their format."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.domain.errors import RecipeError

ALWAYS_JOINED = frozenset({"pin_run_as_build", "ignore_version", "ignore_build_only_deps", "extend_keys"})
"""Keys that later files add to instead of replacing them (conda-build's ``DEFAULT_VARIANTS["extend_keys"]``)."""
Group = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pins:
    """Every key with its values in order, as text, and how keys go together."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zip_keys: tuple[Group, ...] = ()
    pin_run_as_build: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Package name to ``min_pin`` and ``max_pin``: the old global form of a run export."""
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Lists that make no variants and that later files add to: ``extend_keys`` and what it names."""
    _odd: Mapping[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        odd = {_plain(key): key for key in self.values if "-" in key or "." in key}
        object.__setattr__(self, "_odd", odd)


NO_PINS = Pins()


class PinError(RecipeError):
    """A variant file cannot be read, or does not go together with the others.

    ``file`` is its path within the tree; ``line`` counts from 1 in the file as it was written.
    """

    def __init__(self, what: str, *, file: str = "", line: int | None = None, remedy: str = "") -> None:
        super().__init__(what, remedy=remedy or "Repair the file; no recipe that it applies to can be read before.")
        self.file = file
        self.line = line


def key_for(pins: Pins, name: str) -> str | None:
    """The key that pins the package ``name``; ``-``, ``_`` and ``.`` are taken as equal."""
    if name in pins.values:
        return name
    plain = _plain(name)
    return plain if plain in pins.values else pins._odd.get(plain)  # noqa: SLF001 -- of this module's own class


def typed(value: str) -> str | bool | int:
    """A value as selectors see it: ``False`` is false and ``3`` is a number, but ``3.10`` stays text.

    conda-build's ``metadata.get_selectors``, "here we try to do some type conversion". Jinja gets the text instead,
    as conda-build fills its variables from the build environment first (``environ.get_dict``).
    """
    try:
        return int(value)
    except ValueError:
        return value.lower() == "true" if value.lower() in {"true", "false"} else value


def merge(first: Pins, second: Pins) -> Pins:
    """Both together; where they say different things ``second`` wins, key by key."""
    return merge_all((first, second))


def merge_all(parts: Sequence[Pins]) -> Pins:
    """All together; later ones win as in conda-build's ``variants.combine_specs``.

    A key that goes together with others is replaced; but where its new values are only some of those that it had,
    and its group is not given with it, they choose which rows of the group stay. Groups that share a key become one.
    conda-build refuses what then has unequal lengths; here ``combinations`` does, for the recipes that use it.
    """
    extended = ALWAYS_JOINED.union(*(part.joined.get("extend_keys", ()) for part in parts))
    groups = join_groups(group for part in parts for group in part.zip_keys)
    laid = _Laid({key: group for group in groups for key in group})
    for part in parts:
        laid.lay({key: given for key, given in part.values.items() if key not in extended}, part.zip_keys)
    laid.choose_rows()
    pinned = {name: dict(pin) for part in parts for name, pin in part.pin_run_as_build.items()}
    return Pins(laid.values, groups, pinned, _joined(parts, extended))


def join_groups(given: Iterable[Group]) -> tuple[Group, ...]:
    """The groups of keys that go together; groups that share a key are one."""
    groups: list[Group] = []
    for group in given:
        sharing = [other for other in groups if set(other) & set(group)]
        whole = tuple(dict.fromkeys(key for other in (*sharing, group) for key in other))
        at = groups.index(sharing[0]) if sharing else len(groups)
        groups = [other for other in groups if other not in sharing]
        groups.insert(at, whole)
    return tuple(groups)


def check_lengths(values: Mapping[str, tuple[str, ...]], groups: Iterable[Group]) -> None:
    """Keys that go together have equally many values. Raises PinError naming keys and numbers."""
    for group in groups:
        numbers = {key: len(values[key]) for key in group if key in values}
        if len(set(numbers.values())) > 1:
            said = ", ".join(f"{key} has {number}" for key, number in numbers.items())
            raise PinError(
                f"zip_keys puts keys together that have unequal numbers of values: {said}.",
                remedy="Give every key of the group one value for each row, or take it out of zip_keys.",
            )


@dataclass(slots=True)
class _Laid:
    """Files laid over one another."""

    group_of: Mapping[str, Group]
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    chosen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What the last file that sets a key wants of it, where that is only some of the rows; the last file first."""

    def lay(self, part: Mapping[str, tuple[str, ...]], own: Sequence[Group]) -> None:
        before = dict(self.values)
        self.values |= part
        whole = {key for group in own if part.keys() >= set(group) for key in group}
        zipped = [key for key in part if key in self.group_of]
        choices = [key for key in zipped if key in before and key not in whole and self._chooses(key, part, before)]
        self.values |= {key: before[key] for key in choices}
        earlier = {key: wanted for key, wanted in self.chosen.items() if key not in part}
        self.chosen = {key: part[key] for key in choices} | earlier

    def _chooses(self, key: str, part: Mapping[str, tuple[str, ...]], before: Mapping[str, tuple[str, ...]]) -> bool:
        group, given = self.group_of[key], part[key]
        around = {len(part.get(other, before.get(other, given))) for other in group}
        given_whole = all(other in part for other in group)
        return not given_whole and around != {len(given)} and set(given) <= set(before[key])

    def choose_rows(self) -> None:
        """conda-build's ``filter_combined_spec_to_used_keys``: a choice that would leave no row counts for nothing."""
        for key, wanted in self.chosen.items():
            mine = self.values[key]
            kept = [row for row, value in enumerate(mine) if value in wanted]
            for other in self.group_of[key] if kept else ():
                if len(self.values.get(other, ())) == len(mine):
                    self.values[other] = tuple([self.values[other][row] for row in kept])


def _joined(parts: Sequence[Pins], extended: frozenset[str]) -> dict[str, tuple[str, ...]]:
    lists: dict[str, dict[str, None]] = {}
    for part in parts:
        for key, given in (*part.joined.items(), *part.values.items()):
            if key in extended:
                lists.setdefault(key, {}).update(dict.fromkeys(given))
    return {key: tuple(values) for key, values in lists.items()}


def _plain(name: str) -> str:
    return name.replace("-", "_").replace(".", "_")
