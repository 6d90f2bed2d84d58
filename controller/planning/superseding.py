"""What a newer push of a tree makes pointless in a batch of an older one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from controller.domain.overtaking_words import becomes
from controller.planning.records import Key


class Made(NamedTuple):
    """What a build makes, as far as it counts here."""

    key: Key
    version: str
    fingerprint: str
    """Of the recipe."""


def pointless(old: Mapping[int, Sequence[Made]], new: Iterable[Made]) -> dict[int, str]:
    """Of ``old`` builds, by their numbers, those that make something that the ``new`` plan makes otherwise; and how.

    What both make from the same recipe is not pointless: it may be published long before the newer batch ends.
    """
    newest = {made.key: made for made in new}
    found: dict[int, str] = {}
    for number, outputs in old.items():
        ways = [way for made in outputs if (way := _changed(made, newest.get(made.key)))]
        if ways:
            found[number] = ways[0]
    return found


def _changed(old: Made, new: Made | None) -> str:
    return "" if new is None or new == old else becomes(old.key[1], old.version, new.version)
