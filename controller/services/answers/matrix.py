"""A batch seen two ways: recipe by subdir, and wave by wave. Pure arithmetic over its jobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.services.answers.shapes import Counts, JobSummary


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A recipe and its jobs by subdir."""

    recipe: str
    name: str
    wave: int
    cells: dict[str, tuple[JobSummary, ...]]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows in waves. ``hidden`` counts recipes whose every job is done, where those are not shown."""

    subdirs: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Wave:
    """How far a wave is."""

    number: int
    counts: Counts
    names: tuple[str, ...]
    """Its packages, by name."""


def matrix(jobs: Iterable[JobSummary], *, exceptions_only: bool) -> Matrix:
    """Recipe by subdir. With ``exceptions_only`` a recipe that is done everywhere is only counted."""
    by_recipe: dict[str, list[JobSummary]] = {}
    for job in jobs:
        by_recipe.setdefault(job.recipe, []).append(job)
    subdirs = sorted({job.subdir for known in by_recipe.values() for job in known})
    rows = [_row(recipe, known, subdirs) for recipe, known in by_recipe.items()]
    shown = [row for row in rows if not (exceptions_only and _done(row))]
    shown.sort(key=lambda row: (row.wave, row.recipe))
    return Matrix(tuple(subdirs), tuple(shown), len(rows) - len(shown))


def _row(recipe: str, known: Sequence[JobSummary], subdirs: Sequence[str]) -> MatrixRow:
    cells = {subdir: tuple(job for job in known if job.subdir == subdir) for subdir in subdirs}
    return MatrixRow(recipe, recipe.rsplit("/", 1)[-1], min(job.wave for job in known), cells)


def _done(row: MatrixRow) -> bool:
    return all(job.category == "done" for jobs in row.cells.values() for job in jobs)


def waves(jobs: Iterable[JobSummary]) -> list[Wave]:
    """Waves in order, each with its categories."""
    by_wave: dict[int, list[JobSummary]] = {}
    for job in jobs:
        by_wave.setdefault(job.wave, []).append(job)
    return [Wave(number, _counts(known), _names(known)) for number, known in sorted(by_wave.items())]


def _counts(known: Iterable[JobSummary]) -> Counts:
    totals: dict[str, int] = {}
    for job in known:
        totals[job.category] = totals.get(job.category, 0) + 1
    return Counts(**totals)


def _names(known: Iterable[JobSummary]) -> tuple[str, ...]:
    return tuple(sorted({job.name for job in known}))
