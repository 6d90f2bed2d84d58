"""Reads recipes of the worst kind in processes with little memory and little time, and says how each ended."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.domain.errors import RecipeError
from controller.gateways.pins import Pins
from controller.gateways.v0.evaluating import Source
from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.matrix import members

MEMORY = 2**30
SECONDS = 20
PINS = Pins({"python": ("3.11.* *_cpython", "3.12.* *_cpython"), "zlib": ("1",), "openssl": ("3",)})
Ending = tuple[str, str, int | None]
Read = Callable[[Path], Ending]


def ending(folder: Path) -> Ending:
    """Kind, sentence and line: ``read`` with the number of members, an error of ours, or ``broken``."""
    try:
        return "read", str(len(members(Source.read(folder), PINS, "linux-64"))), None
    except V0Error as error:
        return type(error).__name__, error.what, error.line
    except RecipeError as error:
        return type(error).__name__, error.what, None
    except BaseException as error:  # noqa: BLE001 -- what is looked for
        return "broken", f"{type(error).__name__}: {error}"[:200], None


@contextmanager
def confined() -> Iterator[Read]:
    """One process that has everything imported and forks for each recipe."""
    command = [sys.executable, "-m", "tests.controller.gateways.v0.confined"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def read(folder: Path) -> Ending:
            print(folder, file=process.stdin, flush=True)
            kind, what, line = json.loads(process.stdout.readline())
            return kind, what, line

        yield read
        process.stdin.close()


def _serve() -> None:
    for asked in sys.stdin:
        child = os.fork()
        if child == 0:
            _answer(Path(asked.rstrip("\n")))
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            died = "timeout" if os.WTERMSIG(status) == signal.SIGALRM else "died"
            print(json.dumps([died, signal.Signals(os.WTERMSIG(status)).name, None]), flush=True)


def _answer(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.alarm(SECONDS)
    print(json.dumps(ending(folder)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    _serve()
