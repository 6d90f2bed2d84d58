"""A broken history with as few faults as still break it."""

from dataclasses import replace

from tests.simulate.history import Asked, Ran, run

_TRIES = 80


def shrink(asked: Asked, ran: Ran) -> tuple[Asked, Ran]:
    """Leave out whole kinds of faults, then single ones, as long as something breaks."""
    tries = 0
    for kind in sorted({kind for _, kind in ran.faults}):
        fewer = replace(asked, never=frozenset({*asked.never, kind}))
        again = run(fewer)
        tries += 1
        if again.broken:
            asked, ran = fewer, again
    progress = True
    while progress and tries < _TRIES:
        progress = False
        for number, _ in reversed(ran.faults):
            fewer = replace(asked, without=frozenset({*asked.without, number}))
            again = run(fewer)
            tries += 1
            if again.broken and len(again.faults) < len(ran.faults):
                asked, ran, progress = fewer, again, True
                break
            if tries >= _TRIES:
                break
    return asked, ran
