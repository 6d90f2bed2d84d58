"""``python -m tests.simulate.every_point``: a controller dies at each point of a history in turn, or is told a lie.

The history is quiet otherwise, so that what breaks was broken by that one fault.
"""

import argparse
import sys
import time
from functools import cache

from tests.simulate import stage
from tests.simulate.faults import Single
from tests.simulate.history import Asked, run
from tests.simulate.telling import tell

MODES = (
    "controller killed", "commit answered by an error", "store refuses", "store answered by an error",
    "database refuses",
)  # fmt: skip
"""Each happens at the points where it can: an answer is lost only where a commit or a write is answered."""


@cache
def points_of(seed: int) -> int:
    """How many points its quiet history has."""
    return run(Asked(seed, quiet=True)).points


def main() -> int:
    """The number of points at which something broke is the exit code, at most 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulate.every_point", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--step", type=int, default=1, help="every so many points")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop after so long")
    given = parser.parse_args()
    began, played, struck, broken = time.monotonic(), 0, 0, 0
    try:
        total = points_of(given.seed)
        for number in range(1, total + 1, given.step):
            for mode in MODES:
                asked = Asked(given.seed, single=Single(number, mode))
                ran = run(asked)
                played, struck = played + 1, struck + bool(ran.faults)
                if ran.broken:
                    broken += 1
                    print(tell(asked, ran), flush=True)
            if given.minutes and time.monotonic() - began > given.minutes * 60:
                break
        print(
            f"{number} of {total} points, {struck} faults in {played} histories, {broken} broken, "
            f"in {time.monotonic() - began:.0f} s"
        )
    finally:
        stage.clean()
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())
