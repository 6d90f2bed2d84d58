"""Reading many recipes at once, in processes of their own: one that dies or never ends costs its own recipe alone."""

import gc
import multiprocessing
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice

from controller.domain.recipes import RecipeReading
from controller.gateways.bare_process import SECONDS, ReaderLostError, become_bare, wind
from controller.gateways.bodies import body_of
from controller.gateways.checkouts import Unwritten
from controller.gateways.recipes import Recipe, read_recipe, refused

FEW = 40
"""So many recipes are read here, in less time than a process takes to begin."""
_CHUNK = 8


@dataclass(frozen=True, slots=True)
class Task:
    """Read one recipe for one subdir; ``key`` is whatever it is known by."""

    key: str
    recipe: Recipe
    subdir: str
    unwritten: Unwritten | None = None
    """What has to be written before."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a task came to."""

    key: str
    body: bytes
    """The reading, as ``bodies`` has it."""
    lasts: bool
    """Whether it will be read so again; not when a fault was this machine's."""


Share = Callable[[Sequence[Task]], list[Done]]
"""What a process does with its share of the tasks."""


def read_share(tasks: Sequence[Task]) -> list[Done]:
    """The readings of a share of the tasks, in this process."""
    done = []
    for task in tasks:
        wind(SECONDS)
        reading, lasts = _read_one(task)
        done.append(Done(task.key, body_of(reading), lasts))
    wind(0)
    return done


def _read_one(task: Task) -> tuple[RecipeReading, bool]:
    try:
        if task.unwritten is not None and not task.unwritten.target.is_dir():
            task.unwritten.write()
    except OSError as error:
        return refused(task.recipe, error), False
    return read_recipe(task.recipe, task.subdir)


def read_many(
    tasks: Iterable[Task], number: int, processes: int | None = None, share: Share = read_share
) -> Iterator[Done]:
    """Each of ``number`` tasks' readings, in no order; on as many processes as this one may use cores, unless told.

    Tasks are taken as they are needed.
    """
    if number <= FEW:
        yield from share(list(tasks))
        return
    count = processes or cores()
    suspects = yield from _read(_chunks(iter(tasks)), share, count, ahead=2 * count)
    dead = yield from _read(([task] for task in suspects), share, 1, ahead=1)
    for task in dead:
        yield Done(task.key, body_of(refused(task.recipe, ReaderLostError())), lasts=False)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _chunks(tasks: Iterator[Task]) -> Iterator[Sequence[Task]]:
    while chunk := list(islice(tasks, _CHUNK)):
        yield chunk


def _read(
    chunks: Iterator[Sequence[Task]], share: Share, processes: int, ahead: int
) -> Generator[Done, None, list[Task]]:
    """Returns the tasks that were under way when a process died: ``ahead`` chunks are at once, so few are suspects."""
    lost = list[Task]()
    for first in chunks:
        lost += yield from _read_until_death(chain([first], chunks), share, processes, ahead)
    return lost


def _read_until_death(
    chunks: Iterator[Sequence[Task]], share: Share, processes: int, ahead: int
) -> Generator[Done, None, list[Task]]:
    """Takes from ``chunks`` what it reads; returns the tasks that were under way when a process died."""
    under_way: dict[Future[list[Done]], Sequence[Task]] = {}
    lost: list[Task] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_begin) as pool:
        while True:
            for chunk in islice(chunks, 0 if lost else ahead - len(under_way)):
                try:
                    under_way[pool.submit(share, chunk)] = chunk
                except BrokenProcessPool:  # one died while the caller was busy with what it was given
                    lost += chunk
                    break
            if not under_way:
                return lost
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                chunk = under_way.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    lost += chunk
                else:
                    yield from future.result()


def _begin() -> None:
    become_bare()
    gc.set_threshold(100_000, 50, 100)  # an eighth of the time goes into looking for cycles that hardly come
