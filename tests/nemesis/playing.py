"""One play: the farm comes up, things break, it comes to rest, and everything is asked."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.services.farm import Farm
from tests.kit.live_farm import pids_naming
from tests.nemesis.figures import figures_of, table
from tests.nemesis.grounds import Grounds
from tests.nemesis.hand import Hand, targets
from tests.nemesis.people import People
from tests.nemesis.schedule import draw
from tests.nemesis.stage import Stage, is_ready, staged
from tests.nemesis.verdict import broken_promises, count_overtaken, is_at_rest

_ENDED_WELL = {0, -15}


@dataclass(frozen=True, slots=True)
class Asked:
    """A play. Times in seconds; ``keep`` is a folder for what is left of a broken one."""

    seed: int
    seconds: float
    database: str
    rest: float = 240.0
    keep: str = ""
    folder: str = ""
    """Below it everything is made; empty means where temporary files go."""


def play(asked: Asked, grounds: Grounds, tell: Callable[[str], None]) -> int:
    """Answers 0, or 1 when a promise broke."""
    for sentence in grounds.missing:
        tell(f"skipped: {sentence}")
    with staged(grounds, asked.database, asked.folder or None) as stage:
        broken = _played(stage, asked, tell)
        for sentence in broken:
            tell(f"BROKEN  {sentence}")
        if broken and asked.keep:
            shutil.copytree(stage.root, asked.keep, dirs_exist_ok=True, symlinks=True, ignore_dangling_symlinks=True)
    where = f"--seed {asked.seed} --database {asked.database} --minutes {asked.seconds / 60:g}"
    tell(f"{len(broken)} promises broke: python -m tests.nemesis {where}" if broken else f"all held: {where}")
    return min(len(broken), 1)


def _played(stage: Stage, asked: Asked, tell: Callable[[str], None]) -> list[str]:
    people = People(stage, asked.seed)
    hand = Hand(stage, draw(asked.seed, asked.seconds, targets(stage)), tell)
    people.start()
    hand.go(asked.seconds)
    calm = time.monotonic()
    with contextlib.closing(stage.observer()) as farm:
        rested = _come_to_rest(farm, people, hand, asked.rest)
        tell(f"the faults are over; at rest after {time.monotonic() - calm:.1f} s" if rested else "never at rest")
        broken = broken_promises(stage, people, farm) if _all_ready(stage) else ["a controller does not answer"]
        for line in table(hand.done, figures_of(farm)):
            tell(line)
        tell(f"      builds refused because a later batch had published their parents: {count_overtaken(farm)}")
    tell(f"      people: {', '.join(f'{number} {what}' for what, number in people.counted.items())}")
    for part in stage.parts:
        if part.deaths:
            tell(f"      {part.name} ended by itself: {', '.join(map(str, part.deaths))}")
    for words, times in people.refusals.items():
        tell(f"      {times} pushes refused: {words}")
    lost = [] if people.error is None else [f"people gave up: {people.error!r}"]
    return [
        *lost,
        *([] if rested else [f"the farm did not come to rest within {asked.rest:.0f} s"]),
        *broken,
        *_ends(stage),
    ]


def _come_to_rest(farm: Farm, people: People, hand: Hand, seconds: float) -> bool:
    """Bounded: people get their last answer, drained workers work again, and every batch ends."""
    people.enough.set()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        hand.look()
        if not people.is_alive():
            people.resume_workers()
            if is_at_rest(farm):
                return True
        time.sleep(0.5)
    return False


def _all_ready(stage: Stage) -> bool:
    return all(is_ready(url) for url in stage.urls.values())


def _ends(stage: Stage) -> list[str]:
    """Parts end when asked to, and nothing is left of them."""
    codes = stage.end()
    slow = [
        f"{name} did not end when asked to (exit code {code})"
        for name, code in codes.items()
        if code not in _ENDED_WELL
    ]
    end = time.monotonic() + 10.0
    while (left := _left(stage)) and time.monotonic() < end:
        time.sleep(0.2)
    return [*slow, *(f"a process is left: {words}" for words in left)]


def _left(stage: Stage) -> list[str]:
    """Command lines of what was started below the stage's folder and lives."""
    return [_words(pid) for pid in pids_naming(str(stage.root)) if pid != os.getpid()]


def _words(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:300]
    return str(pid)
