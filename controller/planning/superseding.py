"""What a newer push of a tree makes pointless in a batch of an older one."""

from collections.abc import Iterable, Mapping, Sequence

from controller.domain.recipes import Output


def pointless(old: Mapping[int, Sequence[Output]], new: Iterable[Output]) -> dict[int, str]:
    """Of ``old`` builds, by their numbers, those that make something that the ``new`` plan makes otherwise; and how.

    What both make from the same recipe is not pointless: it may be published long before the newer batch ends.
    """
    newest = {output.key: output for output in new}
    found: dict[int, str] = {}
    for number, outputs in old.items():
        ways = [way for output in outputs if (way := _changed(output, newest.get(output.key)))]
        if ways:
            found[number] = ways[0]
    return found


def _changed(old: Output, new: Output | None) -> str:
    if new is None:
        return ""
    if new.version != old.version:
        return f"{old.name} {old.version} becomes {new.version}"
    return f"the recipe of {old.name} changed again" if new.fingerprint != old.fingerprint else ""
