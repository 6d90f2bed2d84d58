"""Many histories by several processes: each is played as it would be alone, for they share nothing."""

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing.util import Finalize

from tests.simulate import stage
from tests.simulate.history import Asked, Ran, run


def each(asked: Iterator[Asked], processes: int) -> Iterator[Ran]:
    """Histories share nothing, so several processes play them as one would; what comes of them comes in order."""
    if processes == 1:
        yield from map(run, asked)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        waiting = deque(pool.submit(_run_apart, each) for each in islice(asked, 4 * processes))
        try:
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(_run_apart, each) for each in islice(asked, 1))
        finally:
            pool.shutdown(cancel_futures=True)


def _run_apart(asked: Asked) -> Ran:
    """In a process of its own, which leaves nothing behind when it ends."""
    if not _kept:
        _kept.append(Finalize(None, stage.clean, exitpriority=10))
    return run(asked)


_kept: list[Finalize] = []
