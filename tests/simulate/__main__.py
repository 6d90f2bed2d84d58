"""``python -m tests.simulate --seeds 200 --from 0``: play histories, and tell of each that breaks."""

import argparse
import sys
import time
from collections import Counter
from dataclasses import replace

from tests.simulate import engines, stage
from tests.simulate.apart import each
from tests.simulate.history import Asked, Ran, run
from tests.simulate.shrinking import shrink
from tests.simulate.telling import tell


def main() -> int:
    """The number of seeds that break is the exit code, at most 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop after so long")
    parser.add_argument("--postgres", action="store_true", help="on the local Postgres in place of SQLite")
    parser.add_argument("--trace", action="store_true", help="print the whole trace of each seed")
    parser.add_argument("--no-shrink", action="store_true", help="do not look for a shorter history")
    parser.add_argument("--most", type=int, default=3, help="stop after so many seeds that break")
    parser.add_argument("--processes", type=int, default=1, help="play so many at once")
    parser.add_argument("--without", default="", help="numbers of faults to leave out")
    parser.add_argument("--never", default="", help="kinds of faults to leave out, with commas")
    given = parser.parse_args()
    try:
        return _play(given)
    finally:
        engines.drop()
        stage.clean()


def _play(given: argparse.Namespace) -> int:
    began = time.monotonic()
    counted: Counter[str] = Counter()
    broken = played = jobs = points = turns = 0
    without = frozenset(int(n) for n in given.without.split(",") if n)
    never = frozenset(kind for kind in given.never.split(",") if kind)
    seeds = range(given.first, given.first + given.seeds)
    asked = (Asked(seed, without, never, postgres=given.postgres, telling=given.trace) for seed in seeds)
    for ran in each(asked, 1 if given.trace else given.processes):
        played, jobs, points, turns = played + 1, jobs + ran.jobs, points + ran.points, turns + ran.turns
        counted.update(ran.counted)
        if given.trace:
            print("\n".join(ran.trace.about(())))
        if ran.broken:
            broken += 1
            _tell(ran, given, without, never)
        if broken >= given.most or (given.minutes and time.monotonic() - began > given.minutes * 60):
            break
    took = time.monotonic() - began
    print(
        f"{played} histories, {broken} broken, in {took:.0f} s ({took / played:.2f} s each): {jobs} jobs, "
        f"{turns} turns, {points} points at which a controller could die, {counted.total()} faults"
    )
    print("  " + ", ".join(f"{kind} {number}" for kind, number in counted.most_common()))
    return min(broken, 1)


def _tell(ran: Ran, given: argparse.Namespace, without: frozenset[int], never: frozenset[str]) -> None:
    asked = Asked(ran.seed, without, never, postgres=given.postgres)
    if not given.no_shrink:
        asked = shrink(asked, ran)[0]
    print(tell(asked, run(replace(asked, telling=True))))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
