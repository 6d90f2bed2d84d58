"""Circles in sentences: how packages that are built with each other are built, or why they are not."""

from collections.abc import Iterator

from controller.domain.difference_words import few
from controller.domain.plans import Circle, Cut, Deadlock


def circle_sentences(circle: Circle) -> Iterator[str]:
    """How a circle is built, and what its first stage takes from before."""
    times = "twice" if circle.stages == 2 else f"{circle.stages} times"
    yield (
        f"{few(circle.names)} are built with each other ({circle.subdir}), so each is built {times}: "
        "only what the last stage makes, with nothing old in it, is tested and published."
        if len(circle.names) > 1
        else f"{circle.names[0]} is built with itself ({circle.subdir}), so it is built {times}: "
        "only what the last stage makes is tested and published."
    )
    yield from (f"In the first stage {_taken(cut)}." for cut in circle.cuts)


def deadlock_sentences(deadlock: Deadlock) -> Iterator[str]:
    """Why a circle is not built, and what would open it."""
    held = f", nor is what needs them: {few(deadlock.held)}" if deadlock.held else ""
    yield (
        f"{few(deadlock.names)} are built with each other ({deadlock.subdir}), and nothing that is there opens the "
        f"circle: they are not built{held}."
    )
    yield from (f"It would open if {_wanted(cut)}." for cut in deadlock.cuts)


def deadlock_reason(deadlock: Deadlock) -> str:
    """Why a file of it is not built, in one sentence."""
    return f"{few(deadlock.names)} are built with each other, and nothing that is there opens the circle."


def _taken(cut: Cut) -> str:
    """Of a cut that something old meets."""
    there = cut.old.split("/", 1)[-1] if cut.old else f"the {cut.provider} of another channel"
    return f"{cut.user} has {there} in {cut.section}"


def _wanted(cut: Cut) -> str:
    """Of a cut that nothing old meets."""
    asked = f"{cut.user} asks for '{cut.spec}' in {cut.section}"
    if not cut.old:
        return f"there were a {cut.provider} from before: {asked}"
    old = cut.old.split("/", 1)[-1]
    return f"{old} could stand in: {f'its own {cut.excluded!r} excludes what is new' if cut.excluded else asked}"
