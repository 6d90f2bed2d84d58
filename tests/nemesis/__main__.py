"""``python -m tests.nemesis --minutes 3 --seed 7 --database postgres``: break a real farm, then ask its promises."""

import argparse
import signal
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.nemesis import grounds
from tests.nemesis.playing import Asked, play


def main() -> int:
    """0: all held. 1: a promise broke, and its seed is said."""
    given = _parser().parse_args()
    found = grounds.look(given.database, plain=given.plain)
    if found.apart and not given.inside:
        return _apart()
    asked = Asked(given.seed, given.minutes * 60.0, given.database, given.rest, given.keep, given.inside)
    return play(asked, found, partial(print, flush=True))


def _apart() -> int:
    """The same command in namespaces, all of which end with this process's wait, whatever ends it."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="farm-nemesis-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # Postgres runs as somebody else
        command = [sys.executable, "-m", "tests.nemesis", *sys.argv[1:], "--inside", folder]
        with subprocess.Popen(grounds.apart(command)) as child:
            try:
                return child.wait()
            finally:
                child.kill()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.nemesis", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="faults come for so long")
    parser.add_argument("--seed", type=int, default=0, help="what is broken, when, and what is pushed")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--rest", type=float, default=240.0, help="seconds the farm is given afterwards")
    parser.add_argument("--plain", action="store_true", help="as on a machine that permits nothing special")
    parser.add_argument("--keep", default="", help="copy logs and data to this folder when a promise broke")
    parser.add_argument("--inside", default="", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
